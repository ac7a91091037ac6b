const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

/** Units a second. */
export interface Rate {
  /** What it allows at the start. */
  readonly startsAt: number;
  /** What it grows to at most. */
  readonly most: number;
  /** How often it grows: to twice what the busiest minute used. */
  readonly growsEveryMs: number;
}

export const fixedRate = (perSecond: number): Rate => ({
  startsAt: perSecond,
  most: perSecond,
  growsEveryMs: Infinity,
});

/** A bucket that holds one second's units. A batch is let in if anything is left, and may leave a debt. */
export class RateLimit {
  readonly #rate: Rate;
  #perSecond: number;
  #left: number;
  #filledMs = 0;
  #growsMs: number;
  #minute = 0;
  #usedInMinute = 0;
  #busiest = 0;

  constructor(rate: Rate) {
    this.#rate = rate;
    this.#perSecond = rate.startsAt;
    this.#left = rate.startsAt;
    this.#growsMs = rate.growsEveryMs;
  }

  /** How long until it lets a batch in: 0 if it does now. */
  waitMs(nowMs: number): number {
    if (this.#perSecond === Infinity) return 0;
    if (nowMs !== this.#filledMs) this.#refill(nowMs);
    return this.#left > 0 ? 0 : (SECOND_MS * (1 - this.#left)) / this.#perSecond;
  }

  take(nowMs: number, units: number): void {
    if (this.#perSecond === Infinity) return;
    const minute = Math.floor(nowMs / MINUTE_MS);
    if (minute !== this.#minute) this.#closeMinute(minute);
    this.#usedInMinute += units;
    this.#left -= units;
  }

  #refill(nowMs: number): void {
    while (nowMs >= this.#growsMs) this.#grow();
    this.#left = Math.min(this.#perSecond, this.#left + (this.#perSecond * (nowMs - this.#filledMs)) / SECOND_MS);
    this.#filledMs = nowMs;
  }

  #closeMinute(minute: number): void {
    this.#busiest = Math.max(this.#busiest, (this.#usedInMinute * SECOND_MS) / MINUTE_MS);
    this.#minute = minute;
    this.#usedInMinute = 0;
  }

  #grow(): void {
    const { most, growsEveryMs } = this.#rate;
    this.#closeMinute(this.#growsMs / MINUTE_MS);
    this.#perSecond = Math.min(most, Math.max(this.#perSecond, 2 * this.#busiest));
    this.#growsMs += growsEveryMs;
  }
}
