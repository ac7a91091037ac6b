import type { EventCounts } from "./read-events.ts";
import type { Figures } from "./figures.ts";
import type { Throughput } from "./throughput.ts";
import type { Timeline } from "./timelines.ts";

/** What is known of a run besides its jobs. */
export interface RunFacts {
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly how: "done" | "interrupted" | "stopped";
  /** A sentence: why this machine stopped the run. */
  readonly stoppedBecause?: string | undefined;
  readonly command: readonly string[];
  readonly out: string;
  /** What the run was told, in words: names and values. */
  readonly settings: readonly (readonly [name: string, value: string])[];
}

/** All that the page shows. */
export interface Report {
  readonly run: RunFacts;
  /** Lines of the list. Several may name one job. */
  readonly lines: number;
  readonly figures: Figures;
  readonly throughput: Throughput;
  readonly events: EventCounts;
  /** The URLs of the jobs that are shown, by `seq`. */
  readonly urls: ReadonlyMap<number, string>;
  readonly timelines: ReadonlyMap<number, Timeline>;
}
