import type { Clock, Random } from "../../../core/ports/runtime.ts";
import type { Dice, VirtualTime } from "./time.ts";

/** What may strike at a call of a port. The call's effect is the service's; the fault is the caller's or the network's. */
export type Fault =
  | { readonly kind: "crash before" }
  | { readonly kind: "crash after" }
  /**
   * The answer comes, and everything else happens, only after the pause: long enough, and the caller is a zombie. One
   * whose clock stood still as well (a paused machine) does not know, and goes on until something refuses it.
   */
  | { readonly kind: "freeze"; readonly forMs: number; readonly isClockStopped?: boolean }
  | { readonly kind: "fail before"; readonly error: Error }
  | { readonly kind: "fail after"; readonly error: Error }
  /** The answer was lost and the SDK asked again: the effect happens twice, the second answer counts. */
  | { readonly kind: "repeat" }
  /** The request is long under way; its caller goes on meanwhile with whatever else it does. With an error, in vain. */
  | { readonly kind: "slow"; readonly byMs: number; readonly error?: Error }
  /** The caller gives the request up, and it has its effect long after. */
  | { readonly kind: "late"; readonly byMs: number; readonly error: Error }
  /** Another answer than the service's own: a stale one. */
  | { readonly kind: "instead"; readonly answer: () => unknown }
  /** The whole process is killed a while later: out of memory, or the machine is gone. */
  | { readonly kind: "kill"; readonly afterMs: number }
  | { readonly kind: "clock jump"; readonly byMs: number };

/** How long a fault goes on after it has struck. */
export function durationMs(fault: Fault): number {
  switch (fault.kind) {
    case "freeze":
      return fault.forMs;
    case "slow":
    case "late":
      return fault.byMs;
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

export interface Surroundings {
  readonly time: VirtualTime;
  readonly dice: Dice;
  /** How long half a call takes, at most. */
  readonly latencyMs: number;
  faultAt(boundary: Boundary): Fault | undefined;
  trace(line: string): void;
}

/** One invocation's process: it can die, and it can stand still. What it has sent happens all the same. */
export class SimulatedProcess {
  readonly name: string;
  readonly clock: Clock;
  readonly random: Random;
  isDead = false;
  #frozenUntilMs = 0;
  #clockStoodMs = 0;
  #skewMs: number;
  readonly #around: Surroundings;
  readonly #onDeath: () => void;

  constructor(name: string, around: Surroundings, skewMs: number, onDeath: () => void) {
    this.name = name;
    this.#around = around;
    this.#onDeath = onDeath;
    this.#skewMs = skewMs;
    let ids = 0;
    this.random = {
      fraction: () => around.dice.fraction(),
      uniqueId: () => `${name}-${++ids}`,
    };
    this.clock = {
      nowMs: () => around.time.nowMs + this.#skewMs - this.#clockStoodMs,
      after: (delayMs, task) => this.#after(delayMs, task),
      every: (periodMs, task) => this.#every(periodMs, task),
    };
  }

  die(why: string): void {
    if (this.isDead) return;
    this.isDead = true;
    this.#around.trace(`${this.name} dies: ${why}`);
    this.#onDeath();
  }

  /** A call of a port: it travels, has its effect, and its answer travels back. A dead caller never hears it. */
  async call<T>(port: string, method: string, effect: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.isDead) return;
      const { time, dice, latencyMs } = this.#around;
      const fault = this.#around.faultAt({ process: this.name, port, method });
      this.#around.trace(`${this.name} ${port}.${method}${fault ? ` [${fault.kind}]` : ""}`);
      this.#strike(fault, `${port}.${method}`);
      if (this.isDead) return;
      time.plan(dice.below(latencyMs) + (fault?.kind === "slow" ? fault.byMs : 0), () => {
        if (fault?.kind === "freeze") this.#freeze(fault.forMs, fault.isClockStopped === true);
        const outcome = this.#effectUnder(fault, effect);
        if (fault?.kind === "crash after") this.die(`after ${port}.${method}`);
        outcome.then(
          (value) => this.#answer(() => resolve(value)),
          (error: unknown) => this.#answer(() => reject(error)),
        );
      });
    });
  }

  #strike(fault: Fault | undefined, call: string): void {
    if (fault?.kind === "crash before") this.die(`before ${call}`);
    if (fault?.kind === "kill") this.#around.time.plan(fault.afterMs, () => this.die("out of memory"));
    if (fault?.kind === "clock jump") this.#skewMs += fault.byMs;
  }

  async #effectUnder<T>(fault: Fault | undefined, effect: () => Promise<T>): Promise<T> {
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
        this.#around.time.plan(fault.byMs, () => void effect().catch(() => undefined));
        throw fault.error;
      case "repeat":
        await effect().catch(() => undefined);
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
    const { time, dice, latencyMs } = this.#around;
    time.plan(dice.below(latencyMs), () => this.#wheneverAwake(run));
  }

  #wheneverAwake(run: () => void): void {
    if (this.isDead) return;
    const { time } = this.#around;
    const sleepsMs = this.#frozenUntilMs - time.nowMs;
    if (sleepsMs > 0) time.plan(sleepsMs, () => this.#wheneverAwake(run));
    else run();
  }

  #freeze(forMs: number, isClockStopped: boolean): void {
    this.#frozenUntilMs = this.#around.time.nowMs + forMs;
    if (isClockStopped) this.#clockStoodMs += forMs;
  }

  #after(delayMs: number, task: () => void): () => void {
    const stoodMs = this.#clockStoodMs;
    let cancel = (): void => undefined;
    const cancelNow = this.#around.time.plan(delayMs, () => {
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

/** A port whose every method is a call of this process. */
export function through<T extends object>(process: SimulatedProcess, name: string, port: T): T {
  return new Proxy(port, {
    get(target, property) {
      const method: unknown = Reflect.get(target, property);
      if (typeof method !== "function") return method;
      return async (...args: unknown[]) =>
        process.call(name, String(property), async () => Reflect.apply(method, target, args) as Promise<unknown>);
    },
  });
}
