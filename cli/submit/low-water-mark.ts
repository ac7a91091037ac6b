/** How many of numbered things have ended without a gap: those below the mark. */
export class LowWaterMark {
  #mark: number;
  readonly #beyond = new Set<number>();

  constructor(first: number) {
    this.#mark = first;
  }

  get mark(): number {
    return this.#mark;
  }

  ended(number: number): void {
    if (number !== this.#mark) {
      this.#beyond.add(number);
      return;
    }
    do this.#mark += 1;
    while (this.#beyond.delete(this.#mark));
  }
}
