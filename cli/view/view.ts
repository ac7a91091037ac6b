import type { Writable } from "node:stream";
import type { JobResult } from "../../local/run/results-file.ts";

export interface LabelledFile {
  readonly label: string;
  /** Bytes staged so far. */
  readonly bytes: number;
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
  /** Bytes staged in this run. */
  readonly bytes: number;
  readonly underWay: readonly LabelledFile[];
  /** Number of jobs that wait for another attempt, by the reason of the last one. */
  readonly waiting: ReadonlyMap<string, number>;
}

/** Shows a run while it is in progress. */
export interface View {
  /** A line that stays. */
  say(line: string): void;
  ended(result: JobResult): void;
  /** Called a few times a second. */
  refresh(snapshot: Snapshot): void;
  /** The last lines of the run, after which nothing moves any more. */
  close(summary: readonly string[]): void;
}

export type Output = Writable & { readonly isTTY?: boolean };
