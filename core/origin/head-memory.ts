/** A host whose HEAD misled once is asked for HEAD again after this time. */
const KEPT_MS = 15 * 60_000;
const MOST_HOSTS = 1_000;

/**
 * On which hosts HEAD is of no use: it failed where GET did not. Kept in the memory of one process, because a mistake
 * costs one request.
 */
export class HeadMemory {
  readonly #untilMs = new Map<string, number>();
  /** URLs whose HEAD failed, until GET shows whether HEAD misled. */
  readonly #failed = new Set<string>();

  isUseless(url: string, nowMs: number): boolean {
    return (this.#untilMs.get(hostOf(url)) ?? 0) > nowMs;
  }

  failed(url: string): void {
    bounded(this.#failed);
    this.#failed.add(url);
  }

  /** GET delivers the file. */
  delivered(url: string, nowMs: number): void {
    if (!this.#failed.delete(url)) return;
    bounded(this.#untilMs);
    this.#untilMs.set(hostOf(url), nowMs + KEPT_MS);
  }
}

const hostOf = (url: string): string => new URL(url).host;

/** Makes room for one more by forgetting the oldest. */
function bounded(memory: Map<string, unknown> | Set<string>): void {
  const [oldest] = memory.keys();
  if (memory.size >= MOST_HOSTS && oldest !== undefined) memory.delete(oldest);
}
