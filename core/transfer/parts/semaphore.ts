/** Lets in `count` holders at a time, first come, first served. */
export class Semaphore {
  #left: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#left = count;
  }

  async acquire(): Promise<void> {
    if (this.#left === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#left -= 1;
  }

  /** Lets one more in if more than `leaving` could enter. */
  tryAcquire(leaving: number): boolean {
    if (this.#left <= leaving) return false;
    this.#left -= 1;
    return true;
  }

  release(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#left += 1;
  }
}
