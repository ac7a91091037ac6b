import type { Orphan } from "./orphans.ts";
import type { QueueAges } from "./queue.ts";

/** SQS with its limits scaled to the length of a schedule. */
export interface QueueHazard {
  readonly maxReceives: number;
  readonly ages: QueueAges;
  /** How long invocations fail from the start on, in ms. */
  readonly initsFailMs: number;
}

export interface Limits {
  readonly recoverLimit: number;
  readonly sweepLimit: number;
  /** What lies in staging and belongs to no job. */
  readonly orphans: readonly Orphan[];
  /** A job of another work waits for hours, and what it has staged stays. */
  readonly hasWaitingJob: boolean;
}
