import type { Writable } from "node:stream";
import type { Waiting } from "../../local/run/waiting.ts";
import type { JobResult } from "../../local/run/results-file.ts";

export interface LabelledFile {
  readonly label: string;
  /** Bytes that are on the disk. */
  readonly bytes: number;
  /** Undefined: the origin has not said. */
  readonly size: number | undefined;
}

export interface Snapshot {
  /** On any clock that does not jump. */
  readonly atMs: number;
  /** Distinct jobs known so far. */
  readonly total: number;
  /** Whether the list may still grow. */
  readonly isGrowing: boolean;
  readonly done: number;
  readonly failed: number;
  /** Bytes received in this run. */
  readonly bytes: number;
  /** Some of the files that are under way. */
  readonly underWay: readonly LabelledFile[];
  /** Jobs that wait for another attempt. */
  readonly waiting: Waiting;
}

/** What a run did, in the names of the JSON lines. */
export interface RunFigures {
  /** Distinct jobs of the list. */
  readonly jobs: number;
  readonly stored: number;
  readonly failed: number;
  /** Jobs that have not ended. */
  readonly open: number;
  readonly stored_before: number;
  readonly failed_before: number;
  /** Stored by an earlier run, and found missing or damaged. */
  readonly damaged_before: number;
  /** Lines of the list that were skipped. */
  readonly invalid_lines: number;
  readonly bytes: number;
  readonly resumed_bytes: number;
  readonly retries: number;
  /** Jobs that a worker held when it died. */
  readonly takeovers: number;
  readonly elapsed_ms: number;
  /** Number of failed jobs, by reason. */
  readonly failures: Readonly<Record<string, number>>;
  /** Why this machine stopped the run. Null: it did not. */
  readonly stopped: string | null;
}

/** Shows a run while it is in progress. */
export interface View {
  /** A line that stays. */
  say(line: string): void;
  ended(result: JobResult): void;
  /** Called a few times a second. */
  refresh(snapshot: Snapshot): void;
  /** The last lines of the run, after which nothing moves any more. */
  close(summary: readonly string[], figures: RunFigures): void;
}

export type Output = Writable & { readonly isTTY?: boolean; readonly columns?: number };
