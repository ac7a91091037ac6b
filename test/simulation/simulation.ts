import type { Context, ScheduledEvent } from "aws-lambda";
import type { WorkerSettings } from "../../core/worker-deps.ts";
import { Accepted } from "./accepted.ts";
import { Announcing } from "./announcing.ts";
import { simulatedBlobs, type SimulatedBlobs } from "./blobs.ts";
import { checkDuplicate, Violation } from "./invariants.ts";
import { reconcilerIn, redriveIn, workerIn, type Services } from "./functions.ts";
import { checkIndexed } from "./illness.ts";
import { simulatedItems, type SimulatedItems } from "./items.ts";
import { SimulatedOrigin, type OriginAnswer } from "./origin.ts";
import { durationMs, SimulatedProcess, type Boundary } from "./process.ts";
import { SimulatedQueue, type QueuedMessage } from "./queue.ts";
import type { OriginQuestion, SimulationOptions, Stage } from "./scenario.ts";
import {
  healingMs,
  INVOCATION_MS,
  MAX_RECEIVES,
  ORPHAN_AGE_MS,
  POLL_EVERY_MS,
  RECONCILE_EVERY_MS,
  SETTINGS,
  VISIBILITY_MS,
} from "./settings.ts";
import { eventOf } from "./stubs.ts";
import { type Dice, NOTHING_CAME_OF_IT, VirtualTime } from "./time.ts";
import { Trace } from "./trace.ts";
import { WatchedPorts } from "./watched-ports.ts";

/** What lies further ahead, a run of the reconciler that begins now cannot meet. */
const LONGEST_RUN_MS = 5000;

interface Attention {
  readonly check?: (boundary: Boundary) => void;
  readonly onDeath?: () => void;
  readonly dice?: Dice;
}

export class Simulation implements Stage {
  readonly time = new VirtualTime();
  readonly items: SimulatedItems = simulatedItems();
  readonly blobs: SimulatedBlobs;
  readonly queue: SimulatedQueue;
  readonly origin: SimulatedOrigin;
  readonly trace: Trace;
  readonly accepted: Accepted;
  readonly announcing: Announcing;
  readonly boundaries: Boundary[] = [];
  settings: WorkerSettings;
  crashes = 0;
  readonly #options: SimulationOptions;
  readonly #busy = new Set<SimulatedProcess>();
  readonly #services: Services;
  readonly #startMs: number;
  #processes = 0;
  #answers = new Map<string, number>();
  #violation: Error | undefined;
  #troubledUntilMs: number;
  #operatorsToCome = 0;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.#startMs = this.time.nowMs;
    const { onTelemetry } = options;
    this.trace = new Trace(
      () => this.elapsedMs,
      options.trace,
      (event) => onTelemetry && this.#failIf(() => onTelemetry(event)),
    );
    const { scenario } = options;
    this.settings = { ...SETTINGS, ...scenario.settings };
    this.blobs = simulatedBlobs({
      nowMs: () => this.time.nowMs,
      every: () => () => undefined,
      after: () => () => undefined,
    });
    this.queue = new SimulatedQueue(this.time, VISIBILITY_MS, MAX_RECEIVES);
    this.origin = new SimulatedOrigin((request) => this.#answerTo(request));
    const ports = new WatchedPorts({
      items: this.items,
      blobs: this.blobs,
      origin: this.origin,
      failIf: (check) => this.#failIf(check),
    });
    this.#services = { ports, queue: this.queue, origin: this.origin, trace: this.trace };
    scenario.prepare(this.origin);
    const bodies = scenario.messages.map((message) =>
      typeof message === "string" ? message : JSON.stringify(message),
    );
    for (const body of bodies) this.queue.add(body);
    this.accepted = new Accepted(bodies, this.settings.gate, {
      items: this.items.all,
      blobs: this.blobs,
      queue: this.queue,
    });
    this.announcing = new Announcing({
      time: this.time,
      dice: options.streamDice,
      items: this.items,
      blobs: this.blobs,
      trace: this.trace,
      failIf: (check) => this.#failIf(check),
      start: (onDeath) => this.#startProcess("announcer", 0, { onDeath, dice: options.streamDice }),
      end: (process) => void this.#busy.delete(process),
    });
    this.#troubledUntilMs = this.#startMs + options.faultsEndMs;
    this.time.plan(0, () => this.#poll());
    this.time.plan(RECONCILE_EVERY_MS, () => this.#startReconciler());
    for (const atMs of scenario.operatorAtMs ?? []) this.redriveAfter(atMs);
  }

  /** Runs until everything has healed. @throws Violation */
  async run(): Promise<void> {
    const { scenario } = this.#options;
    while (!this.#isHealed()) {
      await this.time.step();
      this.announcing.stream.follow();
      scenario.onEvent?.(this);
      if (this.#violation) throw this.#violation;
      this.announcing.checkInTime(this.#troubledUntilMs);
      if (this.time.nowMs > this.#troubledUntilMs + this.#patienceMs() && !this.#isWell())
        throw new Violation(`not healed in time: ${this.accepted.illness().join(", ")}`);
    }
    this.#services.ports.checkContent();
    checkIndexed(this.items.all);
    this.announcing.checkComplete();
  }

  get elapsedMs(): number {
    return this.time.nowMs - this.#startMs;
  }

  get areFaultsOver(): boolean {
    return this.time.nowMs >= this.#troubledUntilMs;
  }

  /** How long after the last fault everything was as it should. */
  get healedInMs(): number {
    return Math.max(0, this.time.nowMs - this.#troubledUntilMs);
  }

  /** A fault goes on for so long from now. */
  troubleFor(ms: number): void {
    this.#troubledUntilMs = Math.max(this.#troubledUntilMs, this.time.nowMs + ms);
  }

  deliverAgain(body: string): void {
    this.queue.add(body);
    this.troubleFor(0);
  }

  /** An operator comes by and reopens what failed; what that sets off must heal in its turn. */
  redriveAfter(delayMs: number): void {
    this.#operatorsToCome += 1;
    this.troubleFor(delayMs);
    this.time.plan(delayMs, () => {
      this.#operatorsToCome -= 1;
      const process = this.#startProcess("operator", this.#options.skewMs?.("operator") ?? 0, {
        check: () => this.troubleFor(0),
      });
      const end = (): void => void this.#busy.delete(process);
      void redriveIn(process, this.#services).then(end, end);
    });
  }

  get reopenings(): number {
    return this.#services.ports.reopenings;
  }

  #patienceMs(): number {
    const { attemptMs = 2 * INVOCATION_MS, skewMs, clocksDifferMs = () => (skewMs ? 600_000 : 0) } = this.#options;
    const orphanMs = this.accepted.lowestGate < 100 ? ORPHAN_AGE_MS : 0;
    return healingMs(attemptMs, clocksDifferMs()) + orphanMs;
  }

  get areJobsRecorded(): boolean {
    return this.accepted.areRecorded;
  }

  get areJobsFinished(): boolean {
    return this.accepted.areFinished && this.#operatorsToCome === 0;
  }

  #isHealed(): boolean {
    return this.announcing.isDone && this.#isWell();
  }

  #isWell(): boolean {
    const isNobodyAtWork = this.#busy.size === 0 && this.#operatorsToCome === 0;
    const isAtRest = this.areFaultsOver && isNobodyAtWork && this.queue.messages.size === 0;
    return isAtRest && this.accepted.illness().length === 0;
  }

  #answerTo(request: OriginQuestion): OriginAnswer {
    const { scenario } = this.#options;
    const nth = (this.#answers.get(`${request.method} ${request.url}`) ?? 0) + 1;
    this.#answers.set(`${request.method} ${request.url}`, nth);
    return scenario.answer?.(request, nth, this.origin) ?? { kind: "body" };
  }

  #startProcess(role: string, skewMs: number, { check, dice, onDeath }: Attention = {}): SimulatedProcess {
    const { dice: common, latencyMs, faultAt } = this.#options;
    const name = `${role}${++this.#processes}`;
    const process: SimulatedProcess = new SimulatedProcess(
      name,
      {
        time: this.time,
        dice: dice ?? common,
        latencyMs,
        faultAt: (boundary) => {
          this.boundaries.push(boundary);
          if (check) this.#failIf(() => check(boundary));
          const fault = faultAt(this.boundaries.length, boundary);
          if (fault) this.troubleFor(durationMs(fault));
          return fault;
        },
        trace: (line) => this.trace.line(line),
      },
      skewMs,
      () => {
        this.crashes += 1;
        this.#busy.delete(process);
        onDeath?.();
      },
    );
    this.#busy.add(process);
    return process;
  }

  #poll(): unknown {
    this.time.plan(POLL_EVERY_MS, () => this.#poll());
    if (this.#working >= this.#options.workers) return NOTHING_CAME_OF_IT;
    const messages = this.queue.receive(this.#options.dice.between(1, 3));
    if (messages.length === 0) return NOTHING_CAME_OF_IT;
    this.#invoke(messages);
    return undefined;
  }

  #invoke(messages: readonly QueuedMessage[]): void {
    const { gate } = this.settings;
    this.accepted.lowestGate = Math.min(this.accepted.lowestGate, gate);
    const isDuplicate = messages.every(({ body }) => this.accepted.isOfFinishedJob(body, gate));
    const { reopenings } = this;
    const skewMs = this.#options.skewMs?.("worker") ?? 0;
    const process = this.#startProcess("worker", skewMs, {
      check: (boundary) => {
        if (isDuplicate && this.reopenings === reopenings) checkDuplicate(boundary);
      },
    });
    const endMs = this.time.nowMs + INVOCATION_MS;
    const stopWatch = this.time.plan(INVOCATION_MS, () => process.die("the invocation timed out"));
    const handler = workerIn(process, this.#services, this.settings);
    const context = { getRemainingTimeInMillis: () => endMs - this.time.nowMs } as Context;
    const work = async (): Promise<void> => {
      const { batchItemFailures } = await handler(eventOf(messages), context);
      const returned = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
      const done = messages.filter(({ id }) => !returned.has(id));
      stopWatch();
      // Each by itself: of a batch, some deletions may fail, and those messages come back.
      for (const message of done) {
        await process
          .call("queue", "acknowledge", async () => this.#acknowledge(process, message, gate))
          .catch(() => undefined);
      }
      this.#busy.delete(process);
    };
    work().catch(this.#fail);
  }

  #acknowledge(process: SimulatedProcess, { receipt, body }: QueuedMessage, gate: number): void {
    this.queue.delete(receipt);
    if (this.accepted.mayLeave(body, gate)) return;
    this.#fail(new Violation(`${process.name} acknowledged ${body}, whose job nothing brings back`));
  }

  #startReconciler(): unknown {
    this.time.plan(RECONCILE_EVERY_MS, () => this.#startReconciler());
    const skewMs = this.#options.skewMs?.("reconciler") ?? 0;
    if (this.#isNothingToReconcile(skewMs)) return NOTHING_CAME_OF_IT;
    const process = this.#startProcess("reconciler", skewMs);
    const handler = reconcilerIn(process, this.#services);
    const end = (): void => void this.#busy.delete(process);
    void handler({} as ScheduledEvent).then(end, end);
    return undefined;
  }

  /** A run that would meet nothing changes nothing: it is left out, for the sake of speed. */
  #isNothingToReconcile(skewMs: number): boolean {
    if (this.blobs.stagedObjects.size > 0 || this.blobs.uploads.size > 0) return false;
    const untilMs = this.time.nowMs + skewMs + LONGEST_RUN_MS;
    return ![...this.items.all.values()].some(({ watch_at: atMs }) => typeof atMs === "number" && atMs < untilMs);
  }

  /** Of all that happened, and of the table at the end: equal for equal runs. */
  get traceHash(): number {
    return this.trace.hashWith(JSON.stringify([...this.items.all]));
  }

  get #working(): number {
    let count = 0;
    for (const { name } of this.#busy) if (name.startsWith("worker")) count += 1;
    return count;
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
