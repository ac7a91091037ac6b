import type { Decoder } from "../ports/decoder.ts";
import type { Http } from "../ports/http.ts";
import type { Clock } from "../ports/runtime.ts";
import type { HeadMemory } from "./head-memory.ts";
import type { HostVisit } from "./host-visit.ts";
import type { Reach } from "./reach.ts";
import type { RobotsMemory } from "./robots/robots.ts";

export interface OriginSettings {
  readonly reach: Reach;
  readonly mostRedirects: number;
  /** How long HEAD is waited for. It only informs, so this is shorter than what GET is given. */
  readonly headTimeoutMs: number;
  /** Whether a host's robots.txt is asked for first, and obeyed. */
  readonly obeysRobots: boolean;
  /** The request headers that each host gets; see `requestHeaders`. */
  readonly requestHeaders: RequestHeaders;
}

/** Header names are in lower case. */
export interface RequestHeaders {
  readonly usual: Readonly<Record<string, string>>;
  /** By host name or `*.` and a domain. The last one that fits a host wins, header by header. */
  readonly byHost: readonly (readonly [string, Readonly<Record<string, string>>])[];
}

/** What asking an origin needs. */
export interface OriginDeps {
  readonly clock: Pick<Clock, "nowMs" | "after">;
  readonly decoder: Decoder;
  readonly http: Http;
  readonly heads: HeadMemory;
  readonly robots: RobotsMemory;
  /** The job's places at hosts. */
  readonly visit: HostVisit;
  readonly settings: OriginSettings;
}
