/** A host where something misled once is tried with it again after this time. */
const KEPT_MS = 15 * 60_000;
const MOST_HOSTS = 1_000;

/** On which hosts something is of no use. Kept in the memory of one process, because a mistake costs one request. */
export class HostMemory {
  readonly #untilMs = new Map<string, number>();

  isUseless(url: string, nowMs: number): boolean {
    return (this.#untilMs.get(hostOf(url)) ?? 0) > nowMs;
  }

  wasUseless(url: string, nowMs: number): void {
    makeRoom(this.#untilMs);
    this.#untilMs.set(hostOf(url), nowMs + KEPT_MS);
  }
}

const hostOf = (url: string): string => new URL(url).host;

/** Makes room for one more by forgetting the oldest. */
export function makeRoom(memory: Map<string, unknown> | Set<string>): void {
  const [oldest] = memory.keys();
  if (memory.size >= MOST_HOSTS && oldest !== undefined) memory.delete(oldest);
}
