import type { Context } from "aws-lambda";
import type { Inbox } from "../../core/ports/queue.ts";
import type { PartBuffers } from "../../core/transfer/part-buffers.ts";
import type { WorkerSettings } from "../../core/worker/worker-deps.ts";
import { checkWorkerDone } from "./oracle/under-way.ts";
import type { Accepted } from "./oracle/accepted.ts";
import type { GateWatch } from "./oracle/gate-watch.ts";
import { checkDuplicate } from "./oracle/invariants.ts";
import { Violation } from "./oracle/violation.ts";
import { workerIn, type Services } from "./functions.ts";
import type { Processes } from "./processes.ts";
import type { SimulationOptions } from "./scenarios/scenario.ts";
import type { Boundary, SimulatedProcess } from "./services/process.ts";
import type { Lane, QueuedMessage } from "./services/queue.ts";
import { INVOCATION_MS, PART_BUFFERS, POLL_EVERY_MS } from "./services/settings.ts";
import { watchesNoFirst, placesDirectly, shardsOfWorker } from "./services/shards.ts";
import { eventOf, receivedOf } from "./services/stubs.ts";
import { NOTHING_HAPPENED, type VirtualTime } from "./services/time.ts";

/** See `pauseMs` in core/worker/deliver.ts. */
const LONGEST_PAUSE_MS = 80_000;

export interface WorkersEnvironment {
  readonly lane: Lane;
  readonly options: Pick<SimulationOptions, "clocksDifferMs" | "dice" | "workers" | "isWarm">;
  readonly time: VirtualTime;
  readonly services: Services;
  readonly settings: WorkerSettings;
  readonly processes: Processes;
  readonly accepted: Accepted;
  readonly gate: GateWatch;
  /** How far the clock of the next worker is off, in ms. */
  readonly skewMs: () => number;
  /** Records a violation, or an error of the simulation. */
  readonly fail: (error: unknown) => void;
}

/** A process with what the module keeps from one invocation to the next. */
interface Sandbox {
  readonly process: SimulatedProcess;
  readonly handler: ReturnType<typeof workerIn>["handler"];
  readonly buffers: PartBuffers;
}

/** The event source mapping between a lane's queue and its workers: it polls, invokes, and deletes what is done. */
export class Workers {
  readonly #env: WorkersEnvironment;
  readonly #busy = new Set<SimulatedProcess>();
  #idle: Sandbox[] = [];
  #started = 0;
  /**
   * What to check at every call of a process's present invocation. As a property of the sandbox, the functions would
   * keep finished simulations alive until V8's next full collection, which costs a tenth of the time.
   */
  /** What each process has received in its present invocation. */
  readonly #received = new Map<SimulatedProcess, QueuedMessage[]>();
  readonly #checks = new Map<SimulatedProcess, (boundary: Boundary) => void>();
  #initsFailUntilMs = 0;

  constructor(env: WorkersEnvironment) {
    this.#env = env;
  }

  poll(): unknown {
    const { lane, options, services, time } = this.#env;
    time.plan(POLL_EVERY_MS, () => this.poll());
    if (this.#busy.size >= options.workers) return NOTHING_HAPPENED;
    // The long lane's batches are of one.
    const messages = services.queue.receive(lane === "long" ? 1 : options.dice.between(1, 3), lane);
    if (messages.length === 0) return NOTHING_HAPPENED;
    this.#invoke(messages);
    return undefined;
  }

  failInits(forMs: number): void {
    this.#initsFailUntilMs = this.#env.time.nowMs + forMs;
  }

  #invoke(batch: readonly QueuedMessage[]): void {
    const messages = [...batch];
    const { accepted, fail, gate, processes, services, settings, time } = this.#env;
    const begunMs = time.nowMs;
    const { percent } = gate;
    const isDuplicate = messages.every(({ body }) => accepted.isOfFinishedJob(body));
    const { reopenings } = services.ports;
    const { expired } = accepted;
    const warm = this.#idle.pop();
    const sandbox = warm ?? this.#start();
    const { buffers, handler, process } = sandbox;
    this.#busy.add(process);
    this.#received.set(process, messages);
    if (settings.shortLane) services.ports.lanes?.begin(process.name);
    if (!warm && begunMs < this.#initsFailUntilMs) {
      process.die("it cannot start");
      return;
    }
    let lateReads = 0;
    this.#checks.set(process, (boundary) => {
      const isReopened = services.ports.reopenings !== reopenings || accepted.expired !== expired;
      const isStillSo = !isReopened && gate.lowestFor(process.name) === percent;
      if (isDuplicate && messages.length === batch.length && isStillSo) checkDuplicate(boundary);
      // Those that it has received itself included.
      const mostConnections = messages.length * settings.mostRanges;
      if (services.origin.connectionsOf(process) > mostConnections)
        throw new Violation(`${process.name} has more than ${mostConnections} connections to origins`);
      const isLate = time.nowMs > begunMs + INVOCATION_MS - settings.deadlineBufferMs;
      if (!isLate || boundary.method !== "read" || boundary.port !== "http" || process.hasStoodStill) return;
      // Each connection may read one piece more: it notices between two pieces.
      lateReads += 1;
      if (lateReads > mostConnections) throw new Violation(`${process.name} reads on, although its time is up`);
    });
    if (warm) processes.resume(process, "worker");
    gate.begin(process.name, messages, warm !== undefined);
    const endMs = begunMs + INVOCATION_MS;
    const stopWatch = time.plan(INVOCATION_MS, () => process.die("the invocation timed out"));
    const context = { getRemainingTimeInMillis: () => endMs - time.nowMs } as Context;
    const work = async (): Promise<void> => {
      const { batchItemFailures } = await handler(eventOf(batch), context);
      const returned = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
      if (gate.lowestFor(process.name) === 100) this.#checkNothingWaitsInFlight(process, returned);
      const done = batch.filter(({ id }) => !returned.has(id));
      stopWatch();
      // Each by itself: some deletions of a batch may fail, and those messages come back.
      for (const message of done) {
        await process
          .call("queue", "acknowledge", async () => this.#acknowledge(process, message))
          .catch(() => undefined);
      }
      checkWorkerDone(process);
      services.origin.checkClosed(process);
      if (this.#env.options.isWarm === true) await checkFree(process, buffers);
      this.#end(sandbox);
    };
    work().catch(fail);
  }

  #start(): Sandbox {
    const { lane, processes, services, skewMs } = this.#env;
    const nth = this.#started++;
    const { settings: all } = this.#env;
    const stageFromBytes = placesDirectly(nth) ? all.stageFromBytes : 0;
    const unwatchedForMs = watchesNoFirst(nth) ? all.unwatchedForMs : 0;
    const settings = { ...all, stageFromBytes, unwatchedForMs, watchShards: shardsOfWorker(nth) };
    const process: SimulatedProcess = processes.start("worker", skewMs(), {
      check: (boundary) => this.#checks.get(process)?.(boundary),
      onDeath: () => {
        this.#busy.delete(process);
        this.#idle = this.#idle.filter((idle) => idle.process !== process);
      },
    });
    const inbox: Inbox = {
      receive: async (most) =>
        process.call("queue", "receive", async () => {
          const more = services.queue.receive(most, lane);
          this.#received.get(process)?.push(...more);
          this.#env.gate.joined(process.name, more);
          return more.map(receivedOf);
        }),
      delete: async (receipts) =>
        process.call("queue", "acknowledge", async () => {
          for (const message of this.#received.get(process) ?? [])
            if (receipts.includes(message.receipt)) this.#acknowledge(process, message);
        }),
    };
    return { process, ...workerIn(process, services, settings, lane, lane === "short" ? inbox : undefined) };
  }

  /** A warm process stands still from here on, and goes on with its next invocation. */
  #end(sandbox: Sandbox): void {
    const { options, processes } = this.#env;
    processes.end(sandbox.process);
    this.#busy.delete(sandbox.process);
    if (options.isWarm !== true || sandbox.process.isDead) return;
    sandbox.process.suspend();
    this.#idle.push(sandbox);
  }

  /**
   * A message that comes back may be hidden for a pause, as after a refused lease, or until an unwatched lease ends by
   * the clock of its holder, who may have ended it since. A longer wait is no message's.
   */
  #checkNothingWaitsInFlight(process: SimulatedProcess, returned: ReadonlySet<string>): void {
    const { accepted, fail, options, services, time } = this.#env;
    const longestMs = LONGEST_PAUSE_MS + (options.clocksDifferMs?.() ?? 0);
    for (const id of returned) {
      const message = services.queue.messages.get(id);
      if (!message || accepted.isUnwatched(message.body)) continue;
      if (message.visibleAtMs > time.nowMs + longestMs)
        fail(new Violation(`${process.name} leaves ${message.body} in flight while its job waits`));
    }
  }

  #acknowledge(process: SimulatedProcess, { receipt, body }: QueuedMessage): void {
    const { accepted, fail, gate, services } = this.#env;
    services.queue.delete(receipt);
    if (accepted.mayLeave(body, gate.lowestFor(process.name))) return;
    fail(new Violation(`${process.name} acknowledged ${body}, but nothing brings its job back`));
  }
}

/** What an invocation has taken it must have given back, or a warm worker stands still after some invocations. */
async function checkFree({ name }: SimulatedProcess, buffers: PartBuffers): Promise<void> {
  const taken: Uint8Array[] = [];
  for (let place = 0; place < PART_BUFFERS; place++) void buffers.take().then((buffer) => taken.push(buffer));
  for (let turn = 0; turn < TURNS_TO_TAKE; turn++) await Promise.resolve();
  if (taken.length < PART_BUFFERS)
    throw new Violation(`${name} ended an invocation with ${taken.length} of ${PART_BUFFERS} buffers free`);
  for (const buffer of taken.reverse()) buffers.giveBack(buffer);
}

/** More turns of the promise queue than taking a free buffer needs. */
const TURNS_TO_TAKE = 6;
