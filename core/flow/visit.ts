import { HostWaitsError, OutOfTimeError, type HostWait } from "../model/errors.ts";
import { present } from "../model/present.ts";
import type { HostVisit } from "../origin/host-visit.ts";
import { ROBOTS_PATH } from "../origin/robots/robots.ts";
import type { HttpResponse } from "../ports/http.ts";
import type { Clock } from "../ports/runtime.ts";
import type { Report } from "./host-plan.ts";
import type { HostDesk } from "./host-desk.ts";
import type { Entry, Turn } from "./host-entry.ts";
import type { HostTally } from "./host-tally.ts";
import { reportOnError, reportsOn } from "./host-reports.ts";

/** A request that would have to be reserved longer ahead waits for a table that answers sooner. */
const LONGEST_LEAD_MS = 2_000;

export interface VisitDeps {
  readonly clock: Clock;
  readonly longestWaitMs: number;
  /**
   * Learns whether limits have changed. To be called before each request.
   * @throws when that is not known.
   */
  readonly learnLimits: () => Promise<void>;
  /** Undefined for a host without limits. */
  readonly deskOf: (url: URL) => HostDesk | undefined;
  /** A host whose robots.txt asks for a delay has a desk, whatever its limits are. */
  readonly noteCrawlDelay: (url: URL, delayMs: number) => void;
  readonly tally: Pick<HostTally, "slowed" | "failed">;
}

type Admitted = Extract<Entry, { kind: "in" }>;

interface Place extends Admitted {
  connections: number;
  readonly sinceMs: number;
  /** Whether the time that was reserved with the connection was used, and whether anything was asked over it. */
  isUsed: boolean;
  hasAsked: boolean;
}

/** One job's places at hosts: a connection at each, from its first request there until the job ends. */
export class Visit implements HostVisit {
  readonly #deps: VisitDeps;
  readonly #places = new Map<HostDesk, Place>();
  readonly #lost = new AbortController();
  #trouble: HostWaitsError | undefined;

  constructor(deps: VisitDeps) {
    this.#deps = deps;
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  get trouble(): HostWaitsError | undefined {
    return this.#trouble;
  }

  /** Takes a connection at the URL's host. */
  async enter(url: URL): Promise<Entry | undefined> {
    await this.#deps.learnLimits();
    const desk = this.#deps.deskOf(url);
    return desk && this.#enter(desk);
  }

  async admit(url: URL, signal: AbortSignal): Promise<(() => Promise<void>) | undefined> {
    await this.#deps.learnLimits();
    const desk = this.#deps.deskOf(url);
    if (!desk) return undefined;
    const place = await this.#placeAt(desk, url);
    // Each process asks for it. At a distance of its own, no file would be asked for until all of them have it.
    if (url.pathname === ROBOTS_PATH && desk.limits.perSecond === undefined) return undefined;
    // A time that was reserved before the host's robots.txt was known may be too close to another.
    const isValid = !place.isUsed && place.turn.crawlMs >= desk.crawlMs;
    let first = isValid ? place.turn : undefined;
    place.isUsed = true;
    if (first === undefined) first = await this.#furtherRequest(desk, url, 0);
    if (!desk.isPaced) return undefined;
    let due: Promise<void> | undefined;
    // A connection that takes the place of one that broke while it waited waits for the same time.
    return async () => {
      due ??= this.#due(desk, url, first, signal).finally(() => {
        due = first = undefined;
      });
      await due;
    };
  }

  /** How long it takes to connect is known afterwards only: so whoever asks has a connection by now. */
  async #due(desk: HostDesk, url: URL, first: Turn | undefined, signal: AbortSignal): Promise<void> {
    let leadMs = 0;
    for (let turn = first; ; turn = undefined) {
      const { atMs, graceMs } = turn ?? (await this.#furtherRequest(desk, url, leadMs));
      await this.#until(atMs, url, signal);
      const lateMs = this.#deps.clock.nowMs() - atMs;
      if (lateMs <= graceMs) return;
      // A table that answers slowly would make the next one as late.
      leadMs = Math.min(leadMs + lateMs, LONGEST_LEAD_MS);
    }
  }

  async keepsApart(url: URL, delayMs: number): Promise<void> {
    this.#deps.noteCrawlDelay(url, delayMs);
    // Unless the table knows of it, others may come too soon: so its trouble is the job's.
    await this.#deps.deskOf(url)?.report({ kind: "crawl", delayMs });
  }

  async answered(url: URL, askedAtMs: number, response: HttpResponse): Promise<void> {
    const { clock, deskOf, longestWaitMs, tally } = this.#deps;
    const desk = deskOf(url);
    if (!desk) return;
    const reports = reportsOn(response, askedAtMs, clock.nowMs(), longestWaitMs);
    if (reports.some(({ kind }) => kind === "busy" || kind === "rest")) tally.slowed(url.host);
    if (reports.some(({ kind }) => kind === "failed")) tally.failed(url.host);
    for (const report of reports) await told(desk, report);
    this.#noteTrouble(desk, url);
  }

  async failed(url: URL, askedAtMs: number, error: unknown): Promise<void> {
    const report = reportOnError(error, askedAtMs);
    const desk = this.#deps.deskOf(url);
    if (!report || !desk) return;
    this.#deps.tally.failed(url.host);
    await told(desk, report);
    this.#noteTrouble(desk, url);
  }

  async widen(url: string, connections: number): Promise<number> {
    const desk = this.#deps.deskOf(new URL(url));
    const place = desk && this.#places.get(desk);
    if (!desk || !place) return connections;
    // The table's trouble is no reason to give up a body that comes over one connection.
    const more = await desk.widen(connections, place.lost).catch(() => 0);
    place.connections += more;
    return more;
  }

  isPrecious(url: string): boolean {
    return this.#deps.deskOf(new URL(url))?.isPrecious ?? false;
  }

  /** To be called when the job ends, however it ends. */
  leave(): void {
    const nowMs = this.#deps.clock.nowMs();
    for (const [desk, { connections, hasAsked, isUsed, lost, probeAtMs, sinceMs, turn }] of this.#places) {
      const unused = { ...(!hasAsked && { probeAtMs }), ...(!isUsed && { turnMs: turn.atMs }) };
      if (!lost.aborted) desk.leave(connections, nowMs - sinceMs, unused);
    }
    this.#places.clear();
  }

  async #enter(desk: HostDesk): Promise<Entry> {
    const entry = await desk.enter();
    if (entry.kind === "in") {
      // A host that got limits while a job fetches over several connections: each of them enters.
      const connections = 1 + (this.#places.get(desk)?.connections ?? 0);
      this.#places.set(desk, {
        ...entry,
        connections,
        sinceMs: this.#deps.clock.nowMs(),
        isUsed: false,
        hasAsked: false,
      });
      entry.lost.addEventListener("abort", () => this.#lost.abort(entry.lost.reason), { once: true });
    }
    return entry;
  }

  async #placeAt(desk: HostDesk, url: URL): Promise<Place> {
    if (!this.#places.has(desk)) {
      const entry = await this.#enter(desk);
      if (entry.kind === "later") throw this.#waits(url, entry.atMs, entry.why);
    }
    const place = present(this.#places.get(desk), "the place of a job that got in");
    place.hasAsked = true;
    return place;
  }

  async #furtherRequest(desk: HostDesk, url: URL, leadMs: number): Promise<Turn> {
    const { opensAtMs, turn, why } = await desk.request(leadMs);
    if (!turn) throw this.#waits(url, opensAtMs, why);
    return turn;
  }

  #noteTrouble(desk: HostDesk, url: URL): void {
    const untilMs = desk.downUntilMs;
    this.#trouble = untilMs === undefined ? undefined : this.#waits(url, untilMs, "host_down");
  }

  #waits(url: URL, atMs: number, why: HostWait): HostWaitsError {
    return new HostWaitsError(why, url.host, atMs - this.#deps.clock.nowMs());
  }

  /** An invocation that ends meanwhile has done nothing for the job, so the job only waits. */
  async #until(atMs: number, url: URL, signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    signal.throwIfAborted();
    const waitMs = atMs - clock.nowMs();
    if (waitMs <= 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const stopTimer = clock.after(waitMs, resolve);
    signal.addEventListener("abort", () => resolve(), { once: true });
    await promise;
    stopTimer();
    if (signal.reason instanceof OutOfTimeError) throw this.#waits(url, atMs, "host_full");
    signal.throwIfAborted();
  }
}

/** The table's trouble is none of the origin's: its answer is used, and the report goes with the next write. */
const told = async (desk: HostDesk, report: Report): Promise<void> => desk.report(report).catch(() => undefined);
