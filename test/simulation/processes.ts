import { SimulatedProcess, type Boundary, type Fault } from "./services/process.ts";
import type { SimulationOptions } from "./scenarios/scenario.ts";
import type { Dice, VirtualTime } from "./services/time.ts";
import type { Trace } from "./services/trace.ts";

interface Environment {
  readonly options: Pick<SimulationOptions, "dice" | "latencyMs" | "faultAt">;
  readonly time: VirtualTime;
  readonly trace: Trace;
  /** Runs a check and records the first violation. */
  readonly failIf: (check: () => void) => void;
  readonly onFault: (fault: Fault, boundary: Boundary) => void;
}

type Role = "announcer" | "operator" | "reconciler" | "worker";

interface StartOptions {
  /** Runs at every call of the process. */
  readonly check?: (boundary: Boundary) => void;
  readonly onDeath?: () => void;
  readonly dice?: Dice;
}

/** Faults after which a process must still do all that it has to do. */
const HARMLESS = new Set<Fault["kind"]>(["repeat", "echo", "freeze", "clock jump"]);

/** The running processes, and every call of a port so far. */
export class Processes {
  readonly boundaries: Boundary[] = [];
  crashes = 0;
  readonly #env: Environment;
  readonly #busy = new Map<SimulatedProcess, Role>();
  readonly #excused = new WeakSet<SimulatedProcess>();
  #started = 0;

  constructor(env: Environment) {
    this.#env = env;
  }

  start(role: Role, skewMs: number, { check, dice, onDeath }: StartOptions = {}): SimulatedProcess {
    const { failIf, onFault, options, time, trace } = this.#env;
    const process: SimulatedProcess = new SimulatedProcess(
      `${role}${++this.#started}`,
      {
        time,
        dice: dice ?? options.dice,
        latencyMs: options.latencyMs,
        faultAt: (boundary) => {
          this.boundaries.push(boundary);
          if (check) failIf(() => check(boundary));
          const fault = options.faultAt(this.boundaries.length, boundary);
          if (fault && !HARMLESS.has(fault.kind)) this.#excused.add(process);
          if (fault) onFault(fault, boundary);
          return fault;
        },
        trace: (line) => trace.line(line),
      },
      skewMs,
      () => {
        this.crashes += 1;
        this.end(process);
        onDeath?.();
      },
    );
    this.#busy.set(process, role);
    return process;
  }

  /** Whether a fault may have kept the process from doing what it must. */
  isExcused(process: SimulatedProcess): boolean {
    return this.#excused.has(process);
  }

  /** A process whose last invocation has ended begins another. */
  resume(process: SimulatedProcess, role: Role): void {
    this.#busy.set(process, role);
    process.resume();
  }

  end(process: SimulatedProcess): void {
    this.#busy.delete(process);
  }

  kill(role: Role): void {
    for (const [process, of] of this.#busy) if (of === role) process.die("its machine is gone");
  }

  get areIdle(): boolean {
    return this.#busy.size === 0;
  }
}
