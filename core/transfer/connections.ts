import type { Clock } from "../ports/runtime.ts";

/** More connections are worth their trouble if they bring at least so many times as much. */
const WORTH_IT = 1.2;

/**
 * Decides over how many connections one file comes: over twice as many for as long as that makes it faster. Each number
 * is judged by what arrives within a round, the first half of which is not counted: connections start slowly.
 */
export class Connections {
  readonly #clock: Pick<Clock, "nowMs">;
  readonly #most: number;
  readonly #halfRoundBytes: number;
  #count = 1;
  #countBefore = 1;
  #bytesPerMsBefore = 0;
  #isSettled: boolean;
  #bytes = 0;
  #sinceMs: number | undefined;

  constructor(clock: Pick<Clock, "nowMs">, most: number, roundBytes: number) {
    this.#clock = clock;
    this.#most = most;
    this.#halfRoundBytes = roundBytes / 2;
    this.#isSettled = most === 1;
  }

  get count(): number {
    return this.#count;
  }

  arrived(bytes: number): void {
    if (this.#isSettled) return;
    this.#bytes += bytes;
    if (this.#bytes < this.#halfRoundBytes) return;
    const nowMs = this.#clock.nowMs();
    if (this.#sinceMs !== undefined) this.#judge(this.#bytes / Math.max(1, nowMs - this.#sinceMs));
    this.#sinceMs = this.#sinceMs === undefined ? nowMs : undefined;
    this.#bytes = 0;
  }

  #judge(bytesPerMs: number): void {
    const isWorthIt = bytesPerMs >= WORTH_IT * this.#bytesPerMsBefore;
    this.#isSettled = !isWorthIt || this.#count === this.#most;
    if (!isWorthIt) this.#count = this.#countBefore;
    if (this.#isSettled) return;
    this.#countBefore = this.#count;
    this.#bytesPerMsBefore = bytesPerMs;
    this.#count = Math.min(2 * this.#count, this.#most);
  }
}
