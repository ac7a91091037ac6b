import type { FunctionLogs, LogLine, LogQuery } from "../../adapters/aws/operators/function-logs.ts";

/** CloudWatch has most lines within seconds. Each look goes back so far behind the newest line. */
const LATE_MS = 15_000;

/** Reads a log group again and again, and returns each line once. */
export class GroupReader {
  readonly #logs: FunctionLogs;
  readonly #query: Omit<LogQuery, "next">;
  /** The times of the lines that the next look will find again, by their ids. */
  readonly #seen = new Map<string, number>();
  #newestMs: number;

  constructor(logs: FunctionLogs, query: Omit<LogQuery, "next">) {
    this.#logs = logs;
    this.#query = query;
    this.#newestMs = query.fromMs;
  }

  /** The lines since the last look. Memory holds one page, and the ids of 15 s. */
  async *news(): AsyncGenerator<LogLine, void> {
    const fromMs = Math.max(this.#query.fromMs, this.#newestMs - LATE_MS);
    let next: string | undefined;
    do {
      const page = await this.#logs.page({ ...this.#query, fromMs, next });
      for (const line of page.lines) {
        if (this.#seen.has(line.id)) continue;
        this.#seen.set(line.id, line.atMs);
        this.#newestMs = Math.max(this.#newestMs, line.atMs);
        yield line;
      }
      this.#forget();
      next = page.next;
    } while (next !== undefined);
  }

  #forget(): void {
    for (const [id, atMs] of this.#seen) if (atMs < this.#newestMs - LATE_MS) this.#seen.delete(id);
  }
}
