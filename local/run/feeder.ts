import { setImmediate as othersTurn } from "node:timers/promises";
import type { LocalDatabase } from "../../adapters/local/database.ts";
import { hasDue } from "../../adapters/local/queue.ts";
import type { JobMessage } from "../../core/model/message.ts";
import type { Clock } from "../../core/ports/runtime.ts";
import type { LineStore } from "./line-store.ts";
import type { Workspace } from "./workspace.ts";

/** Messages that a worker may take at once. More of them only make the queue larger; jobs that wait do not count. */
const LEAST_DUE = 2_000;
/** Jobs that have not ended are kept in memory by their ids: 100 bytes each. */
const MOST_OPEN = 200_000;
const FED_AT_ONCE = 1_000;

const SEND = "INSERT INTO queue (body, visible_at, sent_at) VALUES (?, ?, CAST(unixepoch('subsec') * 1000 AS INTEGER))";

/** Puts the jobs of the list into the queue, some thousand at a time. */
export class Feeder {
  readonly #database: LocalDatabase;
  readonly #clock: Clock;
  readonly #lines: LineStore;
  readonly #open = new Set<string>();
  #seq = 0;

  constructor({ clock, database, lines }: Pick<Workspace, "clock" | "database" | "lines">) {
    this.#clock = clock;
    this.#database = database;
    this.#lines = lines;
  }

  /** The jobs that were put into the queue and have not ended. */
  get open(): ReadonlySet<string> {
    return this.#open;
  }

  ended(jobId: string): void {
    this.#open.delete(jobId);
  }

  /** All jobs of the list's lines up to this one have ended. */
  skipTo(seq: number): void {
    this.#seq = Math.max(this.#seq, seq);
  }

  /**
   * @param upToSeq the last line of the list whose job may begin.
   * @returns whether the list has no further jobs at the moment.
   */
  async feed(upToSeq: number, signal: AbortSignal): Promise<boolean> {
    while (this.#hasRoom() && !signal.aborted) {
      const jobs = this.#lines.jobsAfter(this.#seq, FED_AT_ONCE, upToSeq);
      const last = jobs.at(-1);
      if (!last) return true;
      this.#seq = last.seq;
      this.#database.transaction(() => {
        for (const { end, jobId, message } of jobs) {
          if (end) continue;
          this.#open.add(jobId);
          // A job that has a record ends on the path on which it began. One with an identity may have a newer URL.
          const isTracked = message.identity === undefined && this.#lines.hasRecord(jobId);
          this.#send(isTracked ? { ...message, tracked: true } : message);
        }
      });
      await othersTurn();
    }
    return false;
  }

  /** Puts a job into the queue again whose message is lost. */
  feedAgain(jobId: string): void {
    const message = this.#lines.messageOf(jobId);
    if (message) this.#send({ ...message, tracked: this.#lines.hasRecord(jobId) });
  }

  #hasRoom(): boolean {
    return this.#open.size < MOST_OPEN && !hasDue(this.#database, this.#clock.nowMs(), LEAST_DUE);
  }

  #send(message: JobMessage): void {
    this.#database.run(SEND, JSON.stringify(message), this.#clock.nowMs());
  }
}
