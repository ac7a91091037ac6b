const MOST_AT_ONCE = 20;

/** The same seed gives the same numbers, everywhere. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0, 1 excluded: mulberry32. */
  uniform(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** How many of independent arrivals come, if `mean` are expected. */
  poisson(mean: number): number {
    let arrived = 0;
    for (let left = mean; left > 0; left -= MOST_AT_ONCE) {
      const none = Math.exp(-Math.min(left, MOST_AT_ONCE));
      for (let product = this.uniform(); product > none; product *= this.uniform()) arrived++;
    }
    return arrived;
  }

  /** How many of `tries` succeed, each with probability `share`. For a batch: a few tries. */
  binomial(tries: number, share: number): number {
    if (share <= 0) return 0;
    if (share >= 1) return tries;
    let below = this.uniform();
    let probability = (1 - share) ** tries;
    let succeeded = 0;
    while (below >= probability && succeeded < tries) {
      below -= probability;
      probability *= ((tries - succeeded) / (succeeded + 1)) * (share / (1 - share));
      succeeded++;
    }
    return succeeded;
  }
}
