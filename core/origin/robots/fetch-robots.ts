import { PermanentError, RetryableError } from "../../model/errors.ts";
import type { Decoder } from "../../ports/decoder.ts";
import type { HttpResponse } from "../../ports/http.ts";
import type { Clock } from "../../ports/runtime.ts";
import { askedWaitMs } from "../asked-wait.ts";
import { contentCoding } from "../content-coding.ts";
import { ALLOWS_ALL, robotsFile, robotsText, type RobotsFile } from "./robots-file.ts";

/** RFC 9309, 2.4. */
const LONGEST_KEPT_MS = 24 * 3_600_000;
/** A file that says max-age=0 would be asked for as often as what it is about. */
const LEAST_KEPT_MS = 60_000;
const LONGEST_FETCH_MS = 30_000;
const LONGEST_PAUSE_MS = 3_600_000;

const LOWEST_ERROR_OF_SERVER = 500;
/** The one refusal that means "not now". Google reads it in the same way. */
const TOO_MANY_REQUESTS = 429;

export interface RobotsDeps {
  readonly clock: Pick<Clock, "nowMs" | "after">;
  readonly decoder: Pick<Decoder, "knows" | "decode">;
  /** Asks without looking at robots.txt. */
  ask(url: string, signal: AbortSignal): Promise<HttpResponse>;
}

/** The file; or, if it cannot be had for now, how long the origin asks to wait. */
export type FoundRobots =
  | { readonly file: RobotsFile; readonly keptMs: number }
  | { readonly file?: undefined; readonly askedMs: number | undefined };

/**
 * Asks for a robots.txt. What is refused for good (4xx, redirects that lead nowhere or to where we do not go) allows
 * everything (RFC 9309, 2.3.1).
 * @throws what is neither the file's absence nor the origin's trouble.
 */
export async function fetchRobots(deps: RobotsDeps, url: string, signal: AbortSignal): Promise<FoundRobots> {
  const { clock } = deps;
  const late = new AbortController();
  const stopTimer = clock.after(LONGEST_FETCH_MS, () => late.abort(new RetryableError("origin_timeout")));
  try {
    const response = await deps.ask(url, AbortSignal.any([signal, late.signal]));
    return await readAnswer(deps, url, response);
  } catch (error) {
    if (error instanceof PermanentError) return { file: ALLOWS_ALL, keptMs: LONGEST_KEPT_MS };
    if (error instanceof RetryableError && error.failureClass === "origin") return { askedMs: undefined };
    throw error;
  } finally {
    stopTimer();
  }
}

async function readAnswer({ clock, decoder }: RobotsDeps, url: string, response: HttpResponse): Promise<FoundRobots> {
  const { headers, status } = response;
  if (status >= LOWEST_ERROR_OF_SERVER || status === TOO_MANY_REQUESTS) {
    response.discard();
    const askedMs = askedWaitMs(headers, clock.nowMs());
    return { askedMs: askedMs === undefined ? undefined : Math.min(askedMs, LONGEST_PAUSE_MS) };
  }
  const keptMs = keptFor(headers["cache-control"]);
  if (status < 200 || status > 299) {
    response.discard();
    return { file: ALLOWS_ALL, keptMs };
  }
  const codings = contentCoding(response, [url], { decoder, settings: { keepsContentEncoding: false } }).decode;
  const body = codings.reduceRight((coded, coding) => decoder.decode(coding, coded), response.body);
  return { file: robotsFile(url, await robotsText(body)), keptMs };
}

function keptFor(cacheControl = ""): number {
  const maxAge = /(?:^|,)\s*max-age\s*=\s*"?(\d+)/i.exec(cacheControl)?.[1];
  return maxAge === undefined
    ? LONGEST_KEPT_MS
    : Math.min(Math.max(Number(maxAge) * 1000, LEAST_KEPT_MS), LONGEST_KEPT_MS);
}
