import type { HostWait } from "../model/errors.ts";
import type { HostVisit } from "../origin/host-visit.ts";
import { limitsOf } from "./host-limits.ts";
import type { HostLimits, HostRule } from "./host-rule.ts";
import { HostDesk } from "./host-desk.ts";
import type { FlowDeps } from "./host-entry.ts";
import { HostTally } from "./host-tally.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { OperatorsRules } from "./host-rules-reader.ts";
import { Visit } from "./visit.ts";

/** Desks of hosts that nobody of the process uses are forgotten beyond this number. */
const MOST_DESKS = 1_000;

export interface HostsDeps extends FlowDeps {
  /** Undefined: nobody can change limits while the process runs. */
  readonly operators?: OperatorsRules | undefined;
  readonly settings: FlowDeps["settings"] & {
    readonly hostRules: readonly HostRule[];
    /** The longest that a host is left alone because it asks for it. */
    readonly retry: { readonly longestWaitMs: number };
  };
}

export interface OpenVisit extends HostVisit {
  leave(): void;
}

export type Arrival =
  | { readonly kind: "in"; readonly visit: OpenVisit }
  | { readonly kind: "later"; readonly atMs: number; readonly why: HostWait; readonly host: string };

/** The hosts that one worker process meets. */
export class Hosts {
  readonly #deps: HostsDeps;
  #me: string | undefined;
  readonly #desks = new Map<string, HostDesk>();
  /** Hosts whose robots.txt asks for a delay. */
  readonly #crawled = new Set<string>();
  readonly #tally = new HostTally();

  constructor(deps: HostsDeps) {
    this.#deps = deps;
  }

  /**
   * A visit with a place at the first of the hosts that has one.
   * @param urls of the same file.
   * @returns if none has a place, when one of them may have.
   */
  async arrive(urls: readonly string[]): Promise<Arrival> {
    const { clock, settings } = this.#deps;
    const visit = new Visit({
      clock,
      longestWaitMs: settings.retry.longestWaitMs,
      learnLimits: async () => this.#deps.operators?.refresh(),
      deskOf: (url) => this.#deskOf(url),
      noteCrawlDelay: ({ host }, delayMs) => void (delayMs > 0 ? this.#crawled.add(host) : this.#crawled.delete(host)),
      tally: this.#tally,
    });
    let soonest: Extract<Arrival, { kind: "later" }> | undefined;
    for (const url of urls) {
      const at = new URL(url);
      const entry = await visit.enter(at);
      if (entry?.kind !== "later") return { kind: "in", visit };
      if (!soonest || entry.atMs < soonest.atMs) soonest = { ...entry, host: at.host };
    }
    return soonest ?? { kind: "in", visit };
  }

  /** To be told of each job that is sent away to wait for a host. */
  sentAway(host: string, why: HostWait): void {
    this.#tally.sentAway(host, why, this.#desks.get(host)?.isSlowed ?? false);
  }

  /** Writes what hosts did to jobs since the last time, one line for each host. */
  tell(telemetry: Pick<Telemetry, "log">): void {
    this.#tally.tell(telemetry);
  }

  /** Before the process stands still: gives back the places that no job uses. */
  async settle(): Promise<void> {
    await Promise.all([...this.#desks.values()].map(async (desk) => desk.settle()));
  }

  #deskOf(url: URL): HostDesk | undefined {
    if (!this.#limitsOf(url.hostname) && !this.#crawled.has(url.host)) return undefined;
    let desk = this.#desks.get(url.host);
    if (!desk) {
      this.#makeRoom();
      this.#me ??= this.#deps.random.uniqueId();
      const { hostname } = url;
      // A desk of a host whose limits were taken away still counts what is in use.
      const terms = { limits: () => this.#limitsOf(hostname) ?? {}, check: () => this.#deps.operators?.check() };
      desk = new HostDesk(this.#deps, url.host, terms, this.#me);
      this.#desks.set(url.host, desk);
    }
    return desk;
  }

  #limitsOf(hostname: string): HostLimits | undefined {
    const { operators, settings } = this.#deps;
    const rules = operators?.rules ?? [];
    return limitsOf(rules.length > 0 ? [...settings.hostRules, ...rules] : settings.hostRules, hostname);
  }

  #makeRoom(): void {
    if (this.#desks.size < MOST_DESKS) return;
    for (const [host, desk] of this.#desks) if (desk.isIdle) this.#desks.delete(host);
    // The next request tells of it again.
    for (const host of this.#crawled) if (!this.#desks.has(host)) this.#crawled.delete(host);
  }
}
