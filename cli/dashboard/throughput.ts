export interface Point {
  /** Ms since the first point. */
  readonly atMs: number;
  /** Total so far. */
  readonly bytes: number;
  /** Jobs that have ended so far. */
  readonly jobs: number;
}

const MOST_POINTS = 600;
const FIRST_STEP_MS = 500;

/** The throughput of a run of any length in at most 600 points: when they are full, every other point is dropped. */
export class Throughput {
  #points: Point[] = [];
  #stepMs = FIRST_STEP_MS;

  get points(): readonly Point[] {
    return this.#points;
  }

  add(point: Point): void {
    const last = this.#points.at(-1);
    if (last && point.atMs - last.atMs < this.#stepMs) return;
    this.#points.push(point);
    if (this.#points.length < MOST_POINTS) return;
    this.#points = this.#points.filter((_, index) => index % 2 === 0);
    this.#stepMs *= 2;
  }
}
