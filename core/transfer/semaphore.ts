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

  release(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#left += 1;
  }
}
