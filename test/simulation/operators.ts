import type { Gate } from "../../core/gate/gate.ts";
import { cancelIn, changeHostRuleIn, redriveIn, redriveLettersIn, turnGateIn, type Services } from "./functions.ts";
import { jobOf } from "./oracle/message-jobs.ts";
import { Violation } from "./oracle/violation.ts";
import type { Processes } from "./processes.ts";
import type { Cancelling, HostRuleChange } from "./services/limits.ts";
import type { SimulatedProcess } from "./services/process.ts";
import type { VirtualTime } from "./services/time.ts";

interface Environment {
  readonly time: VirtualTime;
  readonly services: Services;
  readonly processes: Processes;
  /** How far the clock of the operator's machine is off, in ms. */
  readonly skewMs: () => number;
  /** What an operator does must heal as well. */
  readonly extendFaults: (ms: number) => void;
  /** Whether jobs are reopened that were cancelled. */
  readonly reopensCancelled: boolean;
  /** Records a violation. */
  readonly fail: (error: unknown) => void;
}

/** The commands that operators run. */
export class Operators {
  /** Operators who are still to begin. */
  toCome = 0;
  readonly #env: Environment;

  constructor(env: Environment) {
    this.#env = env;
  }

  /** After the delay, an operator reopens all failed jobs. */
  redriveAfter(delayMs: number): void {
    const { reopensCancelled, services } = this.#env;
    this.#runAfter(delayMs, (process) => redriveIn(process, services, reopensCancelled));
  }

  /** An operator sends the dead letters again. Each valid letter must be gone then, and its job must end. */
  redriveLetters(): void {
    const { fail, processes, services } = this.#env;
    const before = new Set(services.queue.deadLetters.map(({ id }) => id));
    this.#run(
      (process) => redriveLettersIn(process, services),
      (process) => {
        const left = services.queue.deadLetters.find(({ id, body }) => before.has(id) && jobOf(body) !== undefined);
        if (left && !processes.isExcused(process))
          fail(new Violation(`${process.name} left a valid dead letter: ${left.body}`));
      },
    );
  }

  /** An operator's command changes a rule of hosts, or removes it. */
  changeHostRule(change: HostRuleChange): void {
    this.#runAfter(change.atMs, (process) => changeHostRuleIn(process, this.#env.services, change));
  }

  /** An operator's command cancels jobs. */
  cancel({ atMs, messages }: Cancelling): void {
    this.#runAfter(atMs, (process) => cancelIn(process, this.#env.services, messages));
  }

  /** An operator's command changes the gate document. */
  turnGate(percent: Gate): void {
    const { processes, services, skewMs } = this.#env;
    const process = processes.start("operator", skewMs());
    const end = (): void => processes.end(process);
    void turnGateIn(process, services, percent).then(end, end);
  }

  #runAfter(delayMs: number, command: (process: SimulatedProcess) => Promise<unknown>): void {
    const { extendFaults, time } = this.#env;
    this.toCome += 1;
    extendFaults(delayMs);
    time.plan(delayMs, () => {
      this.toCome -= 1;
      this.#run(command);
    });
  }

  #run(
    command: (process: SimulatedProcess) => Promise<unknown>,
    check: (process: SimulatedProcess) => void = () => undefined,
  ): void {
    const { extendFaults, processes, skewMs } = this.#env;
    extendFaults(0);
    const process = processes.start("operator", skewMs(), { check: () => extendFaults(0) });
    const end = (): void => {
      processes.end(process);
      check(process);
    };
    void command(process).then(end, end);
  }
}
