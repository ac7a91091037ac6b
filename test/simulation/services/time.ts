/** A seeded random source (sfc32). The same seed gives the same run. */
export class Dice {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number) {
    this.#a = seed | 0;
    this.#b = Math.trunc(seed / 2 ** 32) | 0;
    this.#c = 0x9e3779b9 | 0;
    for (let warmUp = 0; warmUp < 12; warmUp++) this.fraction();
  }

  /** Uniform in [0, 1). */
  fraction(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  }

  /** A whole number below `end`. */
  below(end: number): number {
    return Math.floor(this.fraction() * end);
  }

  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  pick<T>(choices: readonly T[]): T {
    const choice = choices[this.below(choices.length)];
    if (choice === undefined) throw new RangeError("Cannot pick from an empty list.");
    return choice;
  }
}

interface Event {
  readonly atMs: number;
  readonly order: number;
  run: (() => unknown) | undefined;
}

/** Returned by an event after which nothing can follow: time moves on at once. */
export const NOTHING_HAPPENED = Symbol("nothing happened");

/** Time that jumps from event to event. Events at the same time happen in the order in which they were planned. */
export class VirtualTime {
  nowMs: number;
  #planned = 0;
  readonly #heap: Event[] = [];

  constructor(startMs = 1_800_000_000_000) {
    this.nowMs = startMs;
  }

  /** @returns a function that cancels the event. */
  plan(delayMs: number, run: () => unknown): () => void {
    const event: Event = { atMs: this.nowMs + Math.max(0, delayMs), order: this.#planned++, run };
    this.#push(event);
    return () => {
      event.run = undefined;
    };
  }

  /** The time of the next event that is not cancelled. */
  get nextMs(): number | undefined {
    while (this.#heap[0] && !this.#heap[0].run) this.#pop();
    return this.#heap[0]?.atMs;
  }

  /**
   * Runs the next event.
   * @returns a promise that resolves when all that follows at the same time has run; undefined if nothing follows.
   */
  step(): Promise<void> | undefined {
    const nextMs = this.nextMs;
    const event = this.#pop();
    if (nextMs === undefined || !event?.run) return undefined;
    this.nowMs = nextMs;
    return event.run() === NOTHING_HAPPENED ? undefined : quiet();
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(event, heap[parent])) break;
      heap[at] = heap[parent] as Event;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (!last || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= heap.length) break;
      const child = left + 1 < heap.length && isBefore(heap[left + 1] as Event, heap[left]) ? left + 1 : left;
      if (!isBefore(heap[child] as Event, last)) break;
      heap[at] = heap[child] as Event;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

const isBefore = (a: Event, b: Event | undefined): boolean =>
  b === undefined || a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

/** Resolves when no promise callback is left to run. `nextTick` costs a tenth of a turn of the event loop. */
const quiet = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));
