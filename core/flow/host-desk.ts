import { bothNews, gotFrom, NO_NEWS, NOTHING, toldAgain, turnAt } from "./host-entry.ts";
import type { Entry, FlowDeps, Further, Got, News, Numbers, Unused, Want } from "./host-entry.ts";
import type { HostLimits } from "./host-rule.ts";
import { isPaced, isPrecious, isSlowed, planHost, type Plan, type Report } from "./host-plan.ts";
import {
  decodeHost,
  hostItemKey,
  isSameHost,
  NEW_HOST,
  writeHost,
  type Holder,
  type HostRecord,
} from "./host-record.ts";
import { RetryableError } from "../model/errors.ts";
import { present } from "../model/present.ts";

/** What was read so short a time ago is believed. */
const FRESH_MS = 100;
/** Connections that no job of the process uses are given back after this time: several of them in one write. */
const IDLE_MS = 100;
/** Turns of the promise queue in which the jobs of a batch arrive: ten of them, and some turns between two. */
const GATHER_TURNS = 100;
const RENEWALS_PER_TTL = 3;
/** Others may write in between. Who loses so often comes back later. */
const MOST_ATTEMPTS = 5;
const BUSY_MS = 1_000;

/** By what a desk goes. Both may change while it is used. */
interface Terms {
  readonly limits: () => HostLimits;
  /** @throws when it is not known whether the limits are still in force. */
  readonly check: () => void;
}

/**
 * One host in one process. What several jobs want at a time goes into one write. A connection that a job gives back
 * serves the next job of the process, or is given back to the host.
 */
export class HostDesk {
  readonly #deps: FlowDeps;
  readonly #host: string;
  readonly #terms: Terms;
  readonly #me: string;
  #known: HostRecord = NEW_HOST;
  #knownAtMs = -Infinity;
  #wants: Want[] = [];
  #news = NO_NEWS;
  #used = 0;
  #isHolding = false;
  #wellAtMs = -Infinity;
  #lost = new AbortController();
  #isServing = false;
  #stopIdling: () => void = () => undefined;
  #stopHolding: () => void = () => undefined;

  constructor(deps: FlowDeps, host: string, terms: Terms, me: string) {
    this.#deps = deps;
    this.#host = host;
    this.#me = me;
    this.#terms = terms;
  }

  get limits(): HostLimits {
    return this.#terms.limits();
  }

  get isIdle(): boolean {
    return this.#used === 0 && !this.#isHolding && !this.#isServing;
  }

  /** When a request may find out whether the host is back. Undefined: it is not down. */
  get downUntilMs(): number | undefined {
    return this.#known.downSinceMs > 0 ? this.#known.probeAtMs : undefined;
  }

  get isPrecious(): boolean {
    return isPrecious(this.#known, this.limits);
  }

  get isPaced(): boolean {
    return isPaced(this.#known, this.limits);
  }

  get crawlMs(): number {
    return this.#known.crawlMs;
  }

  get isSlowed(): boolean {
    return isSlowed(this.#known, this.#deps.clock.nowMs());
  }

  /** A connection, and a time for its first request. */
  async enter(): Promise<Entry> {
    return this.#want({ ...NOTHING, enters: 1 }, (got) => {
      const turn = turnAt(got.enters.shift(), got);
      if (turn) return { kind: "in", turn, lost: this.#lost.signal, probeAtMs: got.probeAtMs };
      return { kind: "later", atMs: present(got.later.shift(), "when a job comes back"), why: got.why };
    });
  }

  /** The time for a further request, in `leadMs` at the earliest; undefined if there is none soon, and then when. */
  async request(leadMs: number): Promise<Further> {
    return this.#want({ ...NOTHING, requests: 1, leadMs }, (got) => {
      return { turn: turnAt(got.requests.shift(), got), opensAtMs: got.opensAtMs, why: got.why };
    });
  }

  /** A job that has lost its place gets no further connections. @param lost that of its entry. */
  async widen(most: number, lost: AbortSignal): Promise<number> {
    return this.#want({ ...NOTHING, connections: most }, (got) => {
      const mine = Math.min(most, got.connections);
      got.connections -= mine;
      if (!lost.aborted) return mine;
      this.leave(mine, 0, {});
      return 0;
    });
  }

  /** A failure says nothing of a host that has answered others since. */
  async report(report: Report): Promise<void> {
    if (report.kind === "well") {
      this.#wellAtMs = this.#deps.clock.nowMs();
      if (this.#known.failures === 0) return;
    }
    if (report.kind === "crawl" && report.delayMs === this.#known.crawlMs) return;
    if (report.kind === "failed" && this.#wellAtMs >= report.askedAtMs) return;
    this.#add({ reports: [report] });
    await this.#want(NOTHING, () => undefined);
  }

  /** A job that did not need its turn gives it back: at a slow host, the next one could be minutes away. */
  leave(connections: number, heldMs: number, { probeAtMs, turnMs }: Unused): void {
    this.#used -= connections;
    this.#add({
      heldMs: [heldMs],
      unsentProbes: probeAtMs === undefined ? [] : [probeAtMs],
      unusedTurns: turnMs === undefined || !this.isPaced ? [] : [turnMs],
    });
    if (!this.#hasToGive) return;
    this.#stopIdling();
    this.#stopIdling = this.#deps.clock.after(IDLE_MS, () => void this.settle());
  }

  /** Gives back what is not used. If that fails, it is free when its time is over. */
  async settle(): Promise<void> {
    this.#stopIdling();
    if (this.#hasToGive) await this.#want(NOTHING, () => undefined).catch(() => undefined);
  }

  get #hasToGive(): boolean {
    const { unsentProbes, unusedTurns } = this.#news;
    return this.#isHolding || unsentProbes.length + unusedTurns.length > 0;
  }

  #add(news: Partial<News>): void {
    this.#news = bothNews(this.#news, { ...NO_NEWS, ...news });
  }

  async #want<T>(numbers: Numbers, take: (got: Got) => T): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#wants.push({ ...numbers, serve: (got) => resolve(take(got)), fail: reject });
    void this.#serveAll();
    return promise;
  }

  async #serveAll(): Promise<void> {
    if (this.#isServing) return;
    this.#isServing = true;
    while (this.#wants.length > 0) await this.#serve();
    this.#isServing = false;
  }

  /** Wants that come while the host's record is read, or at the same time, are served as well. */
  async #serve(): Promise<void> {
    let wants: readonly Want[] = [];
    try {
      await (this.#deps.clock.nowMs() - this.#knownAtMs > FRESH_MS ? this.#read() : this.#gather());
      wants = this.#wants.splice(0);
      const plan = await this.#write(wants);
      const got = gotFrom(plan);
      for (const { serve } of wants) serve(got);
    } catch (error) {
      for (const { fail } of wants.length > 0 ? wants : this.#wants.splice(0)) fail(error);
    }
  }

  /** The jobs of a batch arrive one shortly after another. */
  async #gather(): Promise<void> {
    for (let turn = 0; turn < GATHER_TURNS; turn++) await Promise.resolve();
  }

  async #read(): Promise<void> {
    const askedAtMs = this.#deps.clock.nowMs();
    this.#learn(decodeHost(await this.#deps.items.read(hostItemKey(this.#host))), askedAtMs);
  }

  /** What could not be told is told with the next write. */
  async #write(wants: readonly Want[]): Promise<Plan> {
    const news = this.#news;
    this.#news = NO_NEWS;
    try {
      return await this.#tryToWrite(wants, news);
    } catch (error) {
      this.#news = bothNews(toldAgain(news), this.#news);
      throw error;
    }
  }

  async #tryToWrite(wants: readonly Want[], news: News): Promise<Plan> {
    const { clock, items, random } = this.#deps;
    let open = this.#known.holders[this.#me]?.connections ?? 0;
    let untold = news;
    for (let attempt = 1; ;) {
      const nowMs = clock.nowMs();
      const plan = this.#plan(wants, untold, nowMs, attempt > MOST_ATTEMPTS);
      if (attempt > MOST_ATTEMPTS || isSameHost(plan.next, this.#known)) return this.#served(plan);
      const kept = plan.next.holders[this.#me]?.connections ?? 0;
      if (kept < open) {
        // Before others may open as many. That takes a time, and another job may end in it: so it is planned anew.
        open = kept;
        await this.#deps.pool.closeIdle(this.#host);
        continue;
      }
      attempt += 1;
      const by = random.uniqueId();
      const { applied, item } = await items.write(writeHost(this.#host, this.#known, plan.next, by, nowMs));
      if (applied || item?.["by"] === by) {
        this.#known = decodeHost(item);
        this.#knownAtMs = nowMs;
        const { untilMs = Infinity } = plan.next.holders[this.#me] ?? {};
        if (untilMs > clock.nowMs()) return this.#served(plan);
        // It took so long that others may have our connections by now: they are asked for anew. The rest is told.
        untold = NO_NEWS;
        continue;
      }
      this.#learn(decodeHost(item), nowMs);
      untold = toldAgain(untold);
    }
  }

  #plan(wants: readonly Want[], news: News, nowMs: number, isTooBusy: boolean): Plan {
    const { random, settings } = this.#deps;
    const sum = (name: keyof Numbers): number => wants.reduce((total, want) => total + want[name], 0);
    const leadMs = Math.max(0, ...wants.map((want) => want.leadMs));
    const asked = { enters: sum("enters"), requests: sum("requests"), connections: sum("connections"), leadMs };
    if (asked.enters + asked.requests + asked.connections > 0) this.#terms.check();
    const plan = planHost(
      this.#known,
      { used: this.#used, ...news, ...(isTooBusy ? NOTHING : asked) },
      {
        limits: this.limits,
        me: this.#me,
        nowMs,
        holdsMs: settings.leaseTtlMs,
        longestDelayMs: settings.longestDelayMs,
        fraction: random.fraction(),
      },
    );
    if (!isTooBusy) return plan;
    const later = Array.from({ length: asked.enters }, () => Math.ceil(nowMs + BUSY_MS * (1 + random.fraction())));
    return { ...plan, later, requests: [], connections: 0 };
  }

  #served(plan: Plan): Plan {
    this.#used += plan.enters.length + plan.connections;
    this.#hold(plan.next.holders[this.#me]);
    return plan;
  }

  /** Renews what is held, and gives it up when its time is over: others count it as free then. */
  #hold(holder: Holder | undefined): void {
    const { clock, settings } = this.#deps;
    this.#isHolding = holder !== undefined;
    this.#stopHolding();
    if (!holder) return;
    const stopRenewing = clock.every(settings.leaseTtlMs / RENEWALS_PER_TTL, () => void this.settle());
    const stopExpiring = clock.after(holder.untilMs - clock.nowMs(), () => this.#lose());
    this.#stopHolding = () => {
      stopRenewing();
      stopExpiring();
    };
  }

  #learn(known: HostRecord, atMs: number): void {
    this.#known = known;
    this.#knownAtMs = atMs;
    if (this.#isHolding && known.holders[this.#me] === undefined) this.#lose();
  }

  /** Others have taken our connections for those of a dead process: they may be in use again. */
  #lose(): void {
    this.#hold(undefined);
    this.#used = 0;
    void this.#deps.pool.closeIdle(this.#host);
    this.#lost.abort(new RetryableError("host_place_lost", { failureClass: "system" }));
    this.#lost = new AbortController();
  }
}
