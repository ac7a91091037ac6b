/** Virtual time. What is planned for the same millisecond happens together, in the order in which it was planned. */
export class Calendar {
  readonly #plans = new Map<number, (() => void)[]>();
  /** The planned milliseconds, as a binary heap. */
  readonly #heap: number[] = [];
  #nowMs = 0;

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Infinity if nothing is planned. */
  get nextMs(): number {
    return this.#heap[0] ?? Infinity;
  }

  /** @param afterMs is rounded up to whole milliseconds, so that events fall together. */
  plan(afterMs: number, act: () => void): void {
    const atMs = this.#nowMs + Math.ceil(afterMs);
    const plans = this.#plans.get(atMs);
    if (plans !== undefined) {
      plans.push(act);
      return;
    }
    this.#plans.set(atMs, [act]);
    this.#push(atMs);
  }

  /** Lets time pass to the next event. What happens may plan more for the same millisecond. */
  advance(): void {
    const atMs = this.#heap[0];
    if (atMs === undefined) throw new RangeError("Nothing is planned.");
    this.#nowMs = atMs;
    for (const act of this.#plans.get(atMs) ?? []) act();
    this.#plans.delete(atMs);
    this.#removeFirst();
  }

  #push(atMs: number): void {
    const heap = this.#heap;
    let index = heap.length;
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parentMs = heap[above] ?? 0;
      if (parentMs <= atMs) break;
      heap[index] = parentMs;
      index = above;
    }
    heap[index] = atMs;
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const lastMs = heap.pop();
    if (lastMs === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const leftMs = heap[left] ?? Infinity;
      const rightMs = heap[left + 1] ?? Infinity;
      const childMs = Math.min(leftMs, rightMs);
      if (lastMs <= childMs) break;
      heap[index] = childMs;
      index = leftMs <= rightMs ? left : left + 1;
    }
    heap[index] = lastMs;
  }
}
