import { jobItemKey } from "../../core/model/keys.ts";
import { Accepted } from "./oracle/accepted.ts";
import { Announcing } from "./oracle/announcing.ts";
import type { SimulatedBlobs } from "./services/blobs.ts";
import { Violation } from "./oracle/violation.ts";
import { Deadline } from "./oracle/deadline.ts";
import { CancelWatch } from "./oracle/cancel-watch.ts";
import { HostWatch } from "./oracle/host-watch.ts";
import { GateWatch } from "./oracle/gate-watch.ts";
import { NO_LIMITS, type Services } from "./functions.ts";
import { Operators } from "./operators.ts";
import { checkIndexed } from "./oracle/leftovers.ts";
import type { SimulatedItems } from "./services/items.ts";
import { SimulatedOrigin, type OriginAnswer } from "./services/origin.ts";
import { plantOrphans, plantWaitingJob } from "./services/orphans.ts";
import { durationMs, type Boundary } from "./services/process.ts";
import { Processes } from "./processes.ts";
import type { SimulatedQueue } from "./services/queue.ts";
import type { OriginQuestion, SimulationOptions, Stage } from "./scenarios/scenario.ts";
import { LONGEST_RUN_MS, RECONCILE_EVERY_MS, SETTINGS } from "./services/settings.ts";
import { removeExpired } from "./remove-expired.ts";
import { storesOf } from "./stores.ts";
import { VirtualTime } from "./services/time.ts";
import { Trace } from "./services/trace.ts";
import { Reconcilers } from "./reconcilers.ts";
import { WatchedPorts } from "./watched-ports.ts";
import { lanesOf, watchLanes } from "./lanes.ts";
import type { Workers } from "./workers.ts";

export class Simulation implements Stage {
  readonly time = new VirtualTime();
  readonly items: SimulatedItems;
  readonly blobs: SimulatedBlobs;
  readonly queue: SimulatedQueue;
  readonly origin: SimulatedOrigin;
  readonly trace: Trace;
  readonly accepted: Accepted;
  readonly announcing: Announcing;
  readonly gate: GateWatch;
  readonly operators: Operators;
  readonly #options: SimulationOptions;
  readonly #processes: Processes;
  readonly #services: Services;
  readonly #startMs: number;
  #answers = new Map<string, number>();
  #violation: Error | undefined;
  #faultsUntilMs: number;
  readonly #deadline: Deadline;
  readonly #lanes: readonly Workers[];
  readonly #hosts: HostWatch;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.#startMs = this.time.nowMs;
    const { onTelemetry } = options;
    this.trace = new Trace(
      () => this.elapsedMs,
      options.trace,
      (event) => onTelemetry && this.#failIf(() => onTelemetry(event)),
    );
    const { lasting, limits, scenario } = options;
    const { blobs, items, queue } = storesOf(options, this.time);
    [this.items, this.blobs, this.queue] = [items, blobs, queue];
    this.origin = new SimulatedOrigin((request) => this.#answerTo(request));
    this.gate = new GateWatch(this.items, this.time, scenario.gate);
    const sick = lasting?.kind === "sick record" ? lasting.jobId : undefined;
    this.gate.unreadable = sick;
    const settings = { ...SETTINGS, ...scenario.settings };
    const { areClocksEqual = () => options.skewMs === undefined } = options;
    this.#hosts = new HostWatch({
      rules: settings.hostRules,
      items: this.items,
      origin: this.origin,
      time: this.time,
      areClocksEqual,
      unreadable: scenario.rulesUnreadable,
    });
    const cancels = new CancelWatch(this.time, settings.looksEveryMs, sick && jobItemKey(sick));
    const ports = new WatchedPorts({
      lanes: watchLanes(settings, this.origin, (check) => this.#failIf(check)),
      gate: this.gate,
      hosts: this.#hosts,
      cancels,
      items: this.items,
      blobs: this.blobs,
      origin: this.origin,
      failIf: (check) => this.#failIf(check),
      mayLandLate: options.mayLandLate === true,
      limits: limits ?? NO_LIMITS,
    });
    this.#services = { ports, queue: this.queue, origin: this.origin, trace: this.trace, limits };
    scenario.prepare(this.origin);
    const bodies = scenario.messages.map((message) =>
      typeof message === "string" ? message : JSON.stringify(message),
    );
    const { messagesAfterMs = [] } = scenario;
    const lastMs = options.lastMessageAfterMs ?? scenario.lastMessageAfterMs ?? 0;
    for (const [place, body] of bodies.entries()) {
      const isLast = place > 0 && place === bodies.length - 1;
      this.queue.add(body, messagesAfterMs[place] ?? (isLast ? lastMs : 0));
    }
    this.accepted = new Accepted(bodies, { items: items.all, blobs, gate: this.gate, queue });
    this.#processes = new Processes({
      options,
      time: this.time,
      trace: this.trace,
      failIf: (check) => this.#failIf(check),
      onFault: (fault, boundary) => {
        this.extendFaults(durationMs(fault));
        this.gate.struck(boundary, fault);
        cancels.struck(boundary, fault);
      },
    });
    this.origin.onConnect = (process, url) => this.#failIf(() => this.#hosts.connects(process, url));
    this.origin.onRequest = (process, url, signal) =>
      this.#failIf(() => {
        this.#hosts.asks(process, url);
        // The HTTP client sends nothing whose signal is aborted.
        if (this.gate.lowest === 100 && !signal.aborted) cancels.asks(process, url);
      });
    this.operators = new Operators({
      time: this.time,
      services: this.#services,
      processes: this.#processes,
      skewMs: () => this.#skewMs("operator"),
      extendFaults: (ms) => this.extendFaults(ms),
      reopensCancelled: scenario.reopensCancelled === true,
      fail: this.#fail,
    });
    this.announcing = new Announcing({
      time: this.time,
      dice: options.streamDice,
      items: this.items,
      blobs: this.blobs,
      trace: this.trace,
      failIf: (check) => this.#failIf(check),
      start: (onDeath) => this.#processes.start("announcer", 0, { onDeath, dice: options.streamDice }),
      end: (process) => this.#processes.end(process),
    });
    this.#faultsUntilMs = this.#startMs + Math.max(options.faultsEndMs, lastMs);
    this.#lanes = lanesOf({
      options,
      time: this.time,
      services: this.#services,
      settings,
      processes: this.#processes,
      accepted: this.accepted,
      gate: this.gate,
      skewMs: () => this.#skewMs("worker"),
      fail: this.#fail,
    });
    this.#deadline = new Deadline(options, this.#startMs, {
      hasOrphans: () => this.gate.lowest < 100 || this.accepted.expired > 0,
      mostStaged: () => reconcilers.mostStaged,
    });
    plantOrphans(limits?.orphans ?? [], this.blobs, this.time);
    if (limits?.hasWaitingJob) plantWaitingJob(this.items, this.blobs, this.time.nowMs);
    if (options.queue) this.failInits(options.queue.initsFailMs);
    for (const lane of this.#lanes) this.time.plan(0, () => lane.poll());
    const reconcilers = new Reconcilers({
      time: this.time,
      services: this.#services,
      blobs: this.blobs,
      items: this.items,
      processes: this.#processes,
      skewMs: () => this.#skewMs("reconciler"),
      failIf: (check) => this.#failIf(check),
      onEnd: (name) => this.#failIf(() => ports.runs.checkEnd(name, options.isOwedChecked === true)),
    });
    this.time.plan(RECONCILE_EVERY_MS, () => reconcilers.start());
    for (const atMs of scenario.operatorAtMs ?? []) this.operators.redriveAfter(atMs);
    for (const cancelling of scenario.cancels ?? []) this.operators.cancel(cancelling);
    for (const change of scenario.hostChanges ?? [])
      if (change.atMs === 0) this.#hosts.begin(change);
      else this.operators.changeHostRule(change);
    this.extendFaults(scenario.rulesUnreadable?.untilMs ?? 0);
  }

  /** Runs until everything has healed. @throws Violation if an invariant breaks or the run does not heal in time. */
  async run(): Promise<void> {
    const { scenario } = this.#options;
    while (!this.#isHealed()) {
      const following = this.time.step();
      if (following) await following;
      this.announcing.stream.follow();
      this.#hosts.look();
      scenario.onEvent?.(this);
      if (this.#violation) throw this.#violation;
      this.announcing.checkInTime(this.#faultsUntilMs);
      this.#checkHealedInTime();
    }
    const { wrongWait } = this.queue;
    if (wrongWait !== undefined) throw new Violation(`a message was to be ${wrongWait}`);
    this.#services.ports.checkContent();
    checkIndexed(this.items.all);
    this.announcing.checkComplete();
  }

  /** Every call of a port so far. */
  get boundaries(): readonly Boundary[] {
    return this.#processes.boundaries;
  }

  get crashes(): number {
    return this.#processes.crashes;
  }

  get elapsedMs(): number {
    return this.time.nowMs - this.#startMs;
  }

  get areFaultsOver(): boolean {
    return this.time.nowMs >= this.#faultsUntilMs;
  }

  /** The time from the last fault until now, in ms. After `run`, this is how long healing took. */
  get healedInMs(): number {
    return Math.max(0, this.time.nowMs - this.#faultsUntilMs);
  }

  /** Extends the time of faults to at least `ms` from now. */
  extendFaults(ms: number): void {
    this.#faultsUntilMs = Math.max(this.#faultsUntilMs, this.time.nowMs + ms);
  }

  deliverAgain(body: string, delayMs = 0): void {
    this.queue.add(body, delayMs);
    this.extendFaults(delayMs);
  }

  /** After the delay, DynamoDB's TTL removes the records of finished jobs. Call it only when all jobs are finished. */
  expireAfter(delayMs: number): void {
    this.extendFaults(delayMs);
    this.time.plan(delayMs, () => {
      // A record lives longer than the stream keeps a change, and than any request is on its way.
      if (!this.announcing.isDone || !this.areFaultsOver) {
        this.expireAfter(1000);
        return;
      }
      removeExpired(this);
    });
  }

  killWorkers(): void {
    this.#processes.kill("worker");
  }

  /** Until then, every invocation fails before it reads a message. */
  failInits(forMs: number): void {
    for (const lane of this.#lanes) lane.failInits(forMs);
    this.extendFaults(forMs);
  }

  get reopenings(): number {
    return this.#services.ports.reopenings;
  }

  #checkHealedInTime(): void {
    if (this.elapsedMs > LONGEST_RUN_MS) throw new Violation("the run does not end: faults strike on and on");
    const [sinceMs, { nowMs }] = [this.#faultsUntilMs, this.time];
    if (nowMs <= sinceMs || nowMs <= sinceMs + this.#deadline.patienceMs() || this.#isHealthy()) return;
    const isExcused = this.#deadline.excusedAt(nowMs, sinceMs);
    const unhealed = [...this.accepted.unhealed(isExcused)];
    if (!isExcused || unhealed.length > 0) throw new Violation(`not healed in time: ${unhealed.join(", ")}`);
  }

  get areJobsRecorded(): boolean {
    return this.accepted.areRecorded;
  }

  get areJobsFinished(): boolean {
    return this.accepted.areFinished && this.operators.toCome === 0;
  }

  #isHealed(): boolean {
    return this.announcing.isDone && this.#isHealthy();
  }

  #isHealthy(): boolean {
    const isIdle = this.#processes.areIdle && this.operators.toCome === 0;
    const isAtRest = this.areFaultsOver && isIdle && this.queue.messages.size === 0;
    return isAtRest && this.accepted.areHealed;
  }

  #answerTo(request: OriginQuestion): OriginAnswer {
    const { scenario } = this.#options;
    const nth = (this.#answers.get(`${request.method} ${request.url}`) ?? 0) + 1;
    this.#answers.set(`${request.method} ${request.url}`, nth);
    return scenario.answer?.(request, nth, this.origin) ?? { kind: "body" };
  }

  /** A hash of the trace and of the final table. Equal runs have equal hashes. */
  get traceHash(): number {
    return this.trace.hashWith(JSON.stringify([...this.items.all]));
  }

  /** How far the clock of the next process in this role is off, in ms. */
  #skewMs(role: string): number {
    return this.#options.skewMs?.(role) ?? 0;
  }

  #failIf(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.#fail(error);
    }
  }

  readonly #fail = (error: unknown): void => {
    this.#violation ??= error instanceof Error ? error : new Violation(String(error));
  };
}
