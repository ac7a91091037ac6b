import type { Context } from "aws-lambda";
import type { WorkerSettings } from "../../core/worker/worker-deps.ts";
import type { Accepted } from "./oracle/accepted.ts";
import type { GateWatch } from "./oracle/gate-watch.ts";
import { checkDuplicate } from "./oracle/invariants.ts";
import { Violation } from "./oracle/violation.ts";
import { workerIn, type Services } from "./functions.ts";
import type { Processes } from "./processes.ts";
import type { SimulationOptions } from "./scenarios/scenario.ts";
import type { SimulatedProcess } from "./services/process.ts";
import type { QueuedMessage } from "./services/queue.ts";
import { INVOCATION_MS, POLL_EVERY_MS } from "./services/settings.ts";
import { eventOf } from "./services/stubs.ts";
import { NOTHING_HAPPENED, type VirtualTime } from "./services/time.ts";

interface Environment {
  readonly options: Pick<SimulationOptions, "dice" | "workers">;
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

/** The event source mapping between the queue and the workers: it polls, invokes, and deletes what was worked on. */
export class Workers {
  readonly #env: Environment;

  constructor(env: Environment) {
    this.#env = env;
  }

  poll(): unknown {
    const { options, processes, services, time } = this.#env;
    time.plan(POLL_EVERY_MS, () => this.poll());
    if (processes.workers >= options.workers) return NOTHING_HAPPENED;
    const messages = services.queue.receive(options.dice.between(1, 3));
    if (messages.length === 0) return NOTHING_HAPPENED;
    this.#invoke(messages);
    return undefined;
  }

  #invoke(messages: readonly QueuedMessage[]): void {
    const { accepted, fail, gate, processes, services, settings, skewMs, time } = this.#env;
    const begunMs = time.nowMs;
    const { percent } = gate;
    const isDuplicate = messages.every(({ body }) => accepted.isOfFinishedJob(body));
    const { reopenings } = services.ports;
    const process = processes.start("worker", skewMs(), {
      check: (boundary) => {
        const isStillSo = services.ports.reopenings === reopenings && gate.lowestSince(begunMs) === percent;
        if (isDuplicate && isStillSo) checkDuplicate(boundary);
      },
    });
    gate.begin(process.name, messages);
    const endMs = begunMs + INVOCATION_MS;
    const stopWatch = time.plan(INVOCATION_MS, () => process.die("the invocation timed out"));
    const handler = workerIn(process, services, settings);
    const context = { getRemainingTimeInMillis: () => endMs - time.nowMs } as Context;
    const work = async (): Promise<void> => {
      const { batchItemFailures } = await handler(eventOf(messages), context);
      const returned = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
      const done = messages.filter(({ id }) => !returned.has(id));
      stopWatch();
      // Each by itself: some deletions of a batch may fail, and those messages come back.
      for (const message of done) {
        await process
          .call("queue", "acknowledge", async () => this.#acknowledge(process, message, begunMs))
          .catch(() => undefined);
      }
      processes.end(process);
    };
    work().catch(fail);
  }

  #acknowledge(process: SimulatedProcess, { receipt, body }: QueuedMessage, begunMs: number): void {
    const { accepted, fail, gate, services } = this.#env;
    services.queue.delete(receipt);
    if (accepted.mayLeave(body, gate.lowestSince(begunMs))) return;
    fail(new Violation(`${process.name} acknowledged ${body}, but nothing brings its job back`));
  }
}
