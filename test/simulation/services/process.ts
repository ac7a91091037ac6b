import type { Clock, Random } from "../../../core/ports/runtime.ts";
import type { Dice, VirtualTime } from "./time.ts";

/** A fault at a call of a port. The service carries out the effect; the fault hits the caller or the network. */
export type Fault =
  | { readonly kind: "crash before" }
  | { readonly kind: "crash after" }
  /**
   * The process stands still for `forMs`: its answer and its timers wait. If its lease expires meanwhile, it wakes as a
   * zombie. With a stopped clock (a paused machine) it cannot notice the pause and works on until a write is refused.
   */
  | { readonly kind: "freeze"; readonly forMs: number; readonly isClockStopped?: boolean }
  | { readonly kind: "fail before"; readonly error: Error }
  | { readonly kind: "fail after"; readonly error: Error }
  /** The answer was lost and the SDK sent the request again: the effect happens twice, the second answer counts. */
  | { readonly kind: "repeat" }
  /** The request takes long, and its caller works on meanwhile. With an error, the request fails without effect. */
  | { readonly kind: "slow"; readonly byMs: number; readonly error?: Error }
  /** The caller gives up on the request, which takes effect `byMs` later. */
  | { readonly kind: "late"; readonly byMs: number; readonly error: Error }
  /** The SDK sent the request twice. The first answer counts, and `byMs` after it the request takes effect again. */
  | { readonly kind: "echo"; readonly byMs: number }
  /** A stale answer instead of the service's own. */
  | { readonly kind: "instead"; readonly answer: () => unknown }
  /** The whole process is killed `afterMs` later: it is out of memory, or the machine is gone. */
  | { readonly kind: "kill"; readonly afterMs: number }
  | { readonly kind: "clock jump"; readonly byMs: number };

/** The first copy of a request takes no longer to arrive. */
const ON_ITS_WAY_MS = 1_000;

/** How long a fault lasts after it has struck, in ms. */
export function durationMs(fault: Fault): number {
  switch (fault.kind) {
    case "freeze":
      return fault.forMs;
    case "slow":
      return fault.byMs;
    case "late":
    case "echo":
      return fault.byMs + ON_ITS_WAY_MS;
    case "kill":
      return fault.afterMs;
    case "crash before":
    case "crash after":
    case "fail before":
    case "fail after":
    case "repeat":
    case "instead":
    case "clock jump":
      return 0;
  }
}

export interface Boundary {
  readonly process: string;
  readonly port: string;
  readonly method: string;
}

export interface Environment {
  readonly time: VirtualTime;
  readonly dice: Dice;
  /** The longest time that one direction of a call takes: request or answer. */
  readonly latencyMs: number;
  faultAt(boundary: Boundary): Fault | undefined;
  trace(line: string): void;
}

/**
 * The process of one invocation, or of several one after the other. It can die or freeze; a request that it has sent
 * still takes effect.
 */
export class SimulatedProcess {
  readonly name: string;
  readonly clock: Clock;
  readonly random: Random;
  isDead = false;
  /** The clock jumped or stood still, so that two readings of it do not tell how much time has passed. */
  isClockOff = false;
  hasStoodStill = false;
  /** By `port.method`: calls that have no answer yet. */
  readonly underWay = new Map<string, number>();
  #frozenUntilMs = 0;
  #parked: (() => void)[] | undefined;
  #clockStoodMs = 0;
  #skewMs: number;
  readonly #env: Environment;
  readonly #onDeath: () => void;

  constructor(name: string, env: Environment, skewMs: number, onDeath: () => void) {
    this.name = name;
    this.#env = env;
    this.#onDeath = onDeath;
    this.#skewMs = skewMs;
    let ids = 0;
    this.random = {
      fraction: () => env.dice.fraction(),
      uniqueId: () => `${name}-${++ids}`,
    };
    this.clock = {
      nowMs: () => env.time.nowMs + this.#skewMs - this.#clockStoodMs,
      after: (delayMs, task) => this.#after(delayMs, task),
      every: (periodMs, task) => this.#every(periodMs, task),
    };
  }

  die(why: string): void {
    if (this.isDead) return;
    this.isDead = true;
    this.#env.trace(`${this.name} dies: ${why}`);
    this.#onDeath();
  }

  /** A call of a port: request, effect, answer, each after a drawn delay. A dead caller never gets the answer. */
  async call<T>(port: string, method: string, effect: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.isDead) return;
      const call = `${port}.${method}`;
      this.#count(call, 1);
      const { time, dice, latencyMs } = this.#env;
      const fault = this.#env.faultAt({ process: this.name, port, method });
      this.#env.trace(`${this.name} ${call}${fault ? ` [${fault.kind}]` : ""}`);
      this.#strike(fault, call);
      if (this.isDead) return;
      time.plan(dice.below(latencyMs) + (fault?.kind === "slow" ? fault.byMs : 0), () => {
        const outcome = this.#effectUnder(fault, effect, call);
        if (fault?.kind === "freeze") this.#freeze(fault.forMs, fault.isClockStopped === true);
        if (fault?.kind === "crash after") this.die(`after ${call}`);
        outcome.then(
          (value) =>
            this.#answer(() => {
              this.#count(call, -1);
              resolve(value);
            }),
          (error: unknown) =>
            this.#answer(() => {
              this.#count(call, -1);
              reject(error);
            }),
        );
      });
    });
  }

  #count(call: string, change: 1 | -1): void {
    this.underWay.set(call, (this.underWay.get(call) ?? 0) + change);
  }

  #strike(fault: Fault | undefined, call: string): void {
    if (fault?.kind === "crash before") this.die(`before ${call}`);
    if (fault?.kind === "kill") this.#env.time.plan(fault.afterMs, () => this.die("out of memory"));
    if (fault?.kind !== "clock jump") return;
    this.#skewMs += fault.byMs;
    this.isClockOff = true;
  }

  async #effectUnder<T>(fault: Fault | undefined, effect: () => Promise<T>, call: string): Promise<T> {
    switch (fault?.kind) {
      case "fail before":
        throw fault.error;
      case "fail after":
        await effect();
        throw fault.error;
      case "slow":
        if (fault.error) throw fault.error;
        return effect();
      case "late":
        this.#env.time.plan(fault.byMs, () => void effect().catch(() => undefined));
        throw fault.error;
      case "repeat":
        await effect().catch(() => undefined);
        return effect();
      case "echo":
        this.#env.time.plan(fault.byMs, () => {
          this.#env.trace(`${this.name} ${call} takes effect again`);
          void effect().catch(() => undefined);
        });
        return effect();
      case "instead":
        return fault.answer() as T;
      case "crash before":
      case "crash after":
      case "freeze":
      case "kill":
      case "clock jump":
      case undefined:
        return effect();
    }
  }

  #answer(run: () => void): void {
    const { time, dice, latencyMs } = this.#env;
    time.plan(dice.below(latencyMs), () => this.#wheneverAwake(run));
  }

  /** Between two invocations nothing runs: timers that are due and answers that arrive wait for the next one. */
  suspend(): void {
    this.#parked ??= [];
  }

  resume(): void {
    const parked = this.#parked ?? [];
    this.#parked = undefined;
    for (const run of parked) this.#env.time.plan(0, () => this.#wheneverAwake(run));
  }

  #wheneverAwake(run: () => void): void {
    if (this.isDead) return;
    if (this.#parked) {
      this.#parked.push(run);
      return;
    }
    const { time } = this.#env;
    const sleepsMs = this.#frozenUntilMs - time.nowMs;
    if (sleepsMs > 0) time.plan(sleepsMs, () => this.#wheneverAwake(run));
    else run();
  }

  #freeze(forMs: number, isClockStopped: boolean): void {
    this.#frozenUntilMs = this.#env.time.nowMs + forMs;
    this.hasStoodStill = true;
    if (!isClockStopped) return;
    this.#clockStoodMs += forMs;
    this.isClockOff = true;
  }

  #after(delayMs: number, task: () => void): () => void {
    const stoodMs = this.#clockStoodMs;
    let cancel = (): void => undefined;
    const cancelNow = this.#env.time.plan(delayMs, () => {
      const lateMs = this.#clockStoodMs - stoodMs;
      if (lateMs > 0) cancel = this.#after(lateMs, task);
      else this.#wheneverAwake(() => isCancelled || task());
    });
    let isCancelled = false;
    return () => {
      isCancelled = true;
      cancelNow();
      cancel();
    };
  }

  #every(periodMs: number, task: () => void): () => void {
    let cancel = (): void => undefined;
    const next = (): void => {
      cancel = this.#after(periodMs, () => {
        next();
        task();
      });
    };
    next();
    return () => cancel();
  }
}

/**
 * Wraps a port so that every method goes through `process.call`.
 * @param own methods that call it by themselves.
 */
export function through<T extends object>(
  process: SimulatedProcess,
  name: string,
  port: T,
  own: Readonly<Record<string, unknown>> = {},
): T {
  return new Proxy(port, {
    get(target, property) {
      if (typeof property === "string" && own[property]) return own[property];
      const method: unknown = Reflect.get(target, property);
      if (typeof method !== "function") return method;
      return async (...args: unknown[]) =>
        process.call(name, String(property), async () => Reflect.apply(method, target, args) as Promise<unknown>);
    },
  });
}
