import { RetryableError } from "../model/errors.ts";
import type { Clock } from "../ports/runtime.ts";

export interface PaceLimits {
  /** An origin that sends less than this, on average over `overMs` of waiting for it, is given up. 0: no such limit. */
  readonly leastBytesPerSecond: number;
  readonly overMs: number;
  /** How long an origin may take for each part of a body, or for a body that is shorter. */
  readonly partMs: number;
}

/** Watches how fast a body arrives. Only the time that we wait for the origin counts. */
export class Pace {
  readonly #limits: PaceLimits;
  readonly #partBytes: number;
  #waitedMs = 0;
  #bytes = 0;
  #partWaitedMs = 0;
  #bytesOfPart = 0;

  constructor(limits: PaceLimits, partBytes: number) {
    this.#limits = limits;
    this.#partBytes = partBytes;
  }

  /** @throws RetryableError when the origin is too slow. */
  arrived(bytes: number, waitedMs: number): void {
    const { leastBytesPerSecond, overMs, partMs } = this.#limits;
    this.#waitedMs += waitedMs;
    this.#bytes += bytes;
    this.#partWaitedMs += waitedMs;
    this.#bytesOfPart += bytes;
    if (this.#partWaitedMs > partMs) throw this.#tooSlow();
    if (this.#bytesOfPart >= this.#partBytes) this.#partWaitedMs = this.#bytesOfPart = 0;
    if (this.#waitedMs < overMs) return;
    if (this.#bytes * 1000 < leastBytesPerSecond * this.#waitedMs) throw this.#tooSlow();
    this.#waitedMs = this.#bytes = 0;
  }

  /** Another connection begins anew. */
  #tooSlow(): RetryableError {
    this.#waitedMs = this.#bytes = this.#partWaitedMs = this.#bytesOfPart = 0;
    return new RetryableError("origin_too_slow");
  }
}

/** The pace of a body that comes over several connections: time that several of them wait for counts once. */
export class CommonPace {
  readonly #clock: Pick<Clock, "nowMs">;
  readonly #pace: Pace;
  #countedUntilMs = 0;

  constructor(clock: Pick<Clock, "nowMs">, pace: Pace) {
    this.#clock = clock;
    this.#pace = pace;
  }

  /** @throws RetryableError when the origin is too slow. */
  arrived(bytes: number, waitedMs: number): void {
    const nowMs = this.#clock.nowMs();
    const uncountedMs = nowMs - this.#countedUntilMs;
    this.#countedUntilMs = nowMs;
    this.#pace.arrived(bytes, Math.min(waitedMs, Math.max(0, uncountedMs)));
  }
}
