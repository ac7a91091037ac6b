/** An event-driven simulation of the queues, the workers and AWS's limits. It has no I/O, and its time is virtual. */
import { Calendar } from "./calendar.ts";
import { RATE_LIMITS, type Deployment, type Limit, type Load, type RateLimitName, type Use } from "./deployment.ts";
import { LaneState, type LaneFigures } from "./lane-state.ts";
import { Random } from "./random.ts";
import { RateLimit } from "./rate-limit.ts";

const SECOND_MS = 1000;
/** Arrivals come together that often. */
const ARRIVALS_EVERY_MS = 10;

export interface Run {
  readonly seed: number;
  readonly arriveASecond: number;
  /** Jobs that are there when it starts. */
  readonly backlog: number;
  /** Figures are of the time from then on. */
  readonly measuredFromMs: number;
  /** When it ends, unless all jobs are done before and no more arrive. */
  readonly endsMs: number;
}

export interface Outcome {
  readonly measuredMs: number;
  readonly short: LaneFigures;
  readonly long: LaneFigures | undefined;
  /** Jobs done, a second: of all kinds, and the long ones among them. */
  readonly jobsASecond: number;
  readonly longASecond: number;
  /** When the last job was done, if none was left at the end. */
  readonly drainedMs: number | undefined;
  /** Done and not announced yet, at the end. */
  readonly unannounced: number;
}

/** What becomes of the messages of one invocation. */
interface Ending {
  readonly messages: number;
  readonly done: number;
  readonly longDone: number;
  readonly waiting: number;
}

class Simulation {
  readonly #deployment: Deployment;
  readonly #load: Load;
  readonly #run: Run;
  readonly #calendar = new Calendar();
  readonly #random: Random;
  readonly #rateLimits: readonly { readonly name: RateLimitName; readonly limit: RateLimit }[];
  readonly #short: LaneState;
  readonly #long: LaneState | undefined;
  readonly #lanes: LaneState[];
  /** By the number of jobs. */
  readonly #batchMs: readonly number[];
  #wakesMs = Infinity;
  #away = 0;
  #longDone = 0;
  #unannounced = 0;

  constructor(deployment: Deployment, load: Load, run: Run) {
    this.#deployment = deployment;
    this.#load = load;
    this.#run = run;
    this.#random = new Random(run.seed);
    this.#rateLimits = RATE_LIMITS.map((name) => ({ name, limit: new RateLimit(deployment.rates[name]) }));
    this.#short = new LaneState(deployment.short);
    this.#long = deployment.long && new LaneState(deployment.long);
    this.#batchMs = Array.from({ length: deployment.short.batch + 1 }, (_, jobs) => load.batchMs(jobs));
    this.#lanes = this.#long === undefined ? [this.#short] : [this.#short, this.#long];
  }

  outcome(): Outcome {
    const { backlog, arriveASecond, measuredFromMs, endsMs } = this.#run;
    const calendar = this.#calendar;
    this.#short.visible = backlog;
    if (arriveASecond > 0) this.#arrive();
    this.#scaleUp();
    calendar.plan(measuredFromMs, () => this.#startMeasuring());
    calendar.plan(0, () => undefined);
    let passedMs = 0;
    while (calendar.nextMs <= endsMs) {
      this.#pass(calendar.nextMs - passedMs);
      passedMs = calendar.nextMs;
      calendar.advance();
      this.#startAll();
      if (arriveASecond === 0 && this.#isDrained()) return this.#figures(passedMs, passedMs);
    }
    this.#pass(endsMs - passedMs);
    return this.#figures(endsMs, undefined);
  }

  #figures(endedMs: number, drainedMs: number | undefined): Outcome {
    const measuredMs = endedMs - this.#run.measuredFromMs;
    const jobs = this.#lanes.reduce((sum, lane) => sum + lane.jobs, 0);
    return {
      measuredMs,
      short: this.#short.figures,
      long: this.#long?.figures,
      jobsASecond: (jobs * SECOND_MS) / measuredMs,
      longASecond: (this.#longDone * SECOND_MS) / measuredMs,
      drainedMs,
      unannounced: this.#unannounced,
    };
  }

  #isDrained(): boolean {
    return this.#away === 0 && this.#lanes.every(({ visible, running }) => visible === 0 && running === 0);
  }

  #startMeasuring(): void {
    for (const lane of this.#lanes) lane.startMeasuring();
    this.#longDone = 0;
  }

  #pass(ms: number): void {
    for (const lane of this.#lanes) lane.pass(ms);
    this.#unannounced = Math.max(0, this.#unannounced - (this.#deployment.announcedASecond * ms) / SECOND_MS);
  }

  #arrive(): void {
    this.#short.visible += this.#random.poisson((this.#run.arriveASecond * ARRIVALS_EVERY_MS) / SECOND_MS);
    this.#calendar.plan(ARRIVALS_EVERY_MS, () => this.#arrive());
  }

  #scaleUp(): void {
    for (const lane of this.#lanes) lane.scaleUp();
    this.#calendar.plan(SECOND_MS, () => this.#scaleUp());
  }

  /** The lanes take turns in being first, so that none takes all of a limit that both need. */
  #startAll(): void {
    this.#lanes.reverse();
    for (const lane of this.#lanes) this.#start(lane);
  }

  #start(lane: LaneState): void {
    lane.heldBackBy = undefined;
    while (lane.visible > 0) {
      const limit = this.#heldBackBy(lane);
      if (limit !== undefined) {
        lane.heldBackBy = limit;
        return;
      }
      this.#invoke(lane);
    }
  }

  #heldBackBy(lane: LaneState): Limit | undefined {
    const { mostInFlight, accountConcurrency } = this.#deployment;
    const batch = Math.min(lane.lane.batch, lane.visible);
    if (lane.inFlight + batch > mostInFlight) return "in flight";
    if (lane.running >= lane.lane.concurrency) return "lane";
    if (lane.running >= lane.allowed) return "scale-up";
    if (this.#short.running + (this.#long?.running ?? 0) >= accountConcurrency) return "account";
    const { nowMs } = this.#calendar;
    for (const { name, limit } of this.#rateLimits) {
      const waitMs = limit.waitMs(nowMs);
      if (waitMs > 0) {
        this.#wake(waitMs);
        return name;
      }
    }
    return undefined;
  }

  #wake(afterMs: number): void {
    const { nowMs } = this.#calendar;
    if (this.#wakesMs > nowMs && this.#wakesMs <= nowMs + afterMs) return;
    this.#wakesMs = nowMs + Math.ceil(afterMs);
    this.#calendar.plan(afterMs, () => undefined);
  }

  #invoke(lane: LaneState): void {
    const messages = Math.min(lane.lane.batch, lane.visible);
    lane.visible -= messages;
    lane.inFlight += messages;
    lane.running++;
    lane.invocations++;
    lane.messages += messages;
    if (lane === this.#long) this.#invokeLong(lane, messages);
    else this.#invokeShort(lane, messages);
  }

  #invokeLong(lane: LaneState, messages: number): void {
    const { ms, use } = this.#load.long;
    this.#take(use, messages);
    this.#end(lane, ms, { messages, done: messages, longDone: messages, waiting: 0 });
  }

  #invokeShort(lane: LaneState, messages: number): void {
    const { use, long, waits } = this.#load;
    const usualMs = this.#batchMs[messages] ?? 0;
    const handOverMs = this.#deployment.long?.handOverMs;
    const longs = this.#random.binomial(messages, long.share);
    const waiting = this.#random.binomial(messages - longs, waits.share);
    const done = messages - longs - waiting;
    this.#take(use, messages - longs);
    if (longs === 0 || handOverMs === undefined) {
      this.#take(long.use, longs);
      const ms = longs === 0 ? usualMs : Math.max(usualMs, long.ms);
      this.#end(lane, ms, { messages, done: done + longs, longDone: longs, waiting });
    } else {
      this.#take(long.handOver, longs);
      this.#end(lane, Math.max(usualMs, handOverMs), { messages, done, longDone: 0, waiting });
      this.#handOver(longs, handOverMs);
    }
  }

  #handOver(jobs: number, afterMs: number): void {
    this.#away += jobs;
    this.#calendar.plan(afterMs, () => {
      this.#away -= jobs;
      if (this.#long !== undefined) this.#long.visible += jobs;
    });
  }

  #take(use: Use, jobs: number): void {
    if (jobs === 0) return;
    for (const { name, limit } of this.#rateLimits) limit.take(this.#calendar.nowMs, jobs * use[name]);
  }

  #end(lane: LaneState, afterMs: number, ending: Ending): void {
    this.#calendar.plan(afterMs, () => {
      lane.running--;
      lane.inFlight -= ending.messages;
      lane.jobs += ending.done;
      lane.lastEndedMs = this.#calendar.nowMs;
      this.#longDone += ending.longDone;
      this.#unannounced += ending.done;
      if (ending.waiting > 0) this.#wait(lane, ending.waiting);
    });
  }

  #wait(lane: LaneState, jobs: number): void {
    const held = this.#deployment.waitsInFlight ? jobs : 0;
    lane.inFlight += held;
    this.#away += jobs;
    this.#calendar.plan(this.#load.waits.ms, () => {
      lane.inFlight -= held;
      lane.visible += jobs;
      this.#away -= jobs;
    });
  }
}

export const simulate = (deployment: Deployment, load: Load, run: Run): Outcome =>
  new Simulation(deployment, load, run).outcome();
