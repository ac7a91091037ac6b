export interface Point {
  /** Since the first point. */
  readonly atMs: number;
  /** So far. */
  readonly bytes: number;
  /** So far. */
  readonly jobs: number;
}

const MOST_POINTS = 600;
const FIRST_STEP_MS = 500;

/** A whole run in at most 600 points, however long it is: when they are full, every other one goes. */
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
