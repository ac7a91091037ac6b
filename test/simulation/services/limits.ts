import type { Limits as LimitsOfHost } from "../../../core/flow/host-rules-document.ts";
import type { JobMessage } from "../../../core/model/message.ts";
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

/** A command of an operator. */
export interface HostRuleChange {
  /** In ms from the start. 0: before any worker starts. */
  readonly atMs: number;
  readonly pattern: string;
  /** Undefined: the rule is removed. */
  readonly limits: LimitsOfHost | undefined;
}

/** A command of an operator: all jobs of these messages are to end, also those that have not begun. */
export interface Cancelling {
  /** In ms from the start. */
  readonly atMs: number;
  readonly messages: readonly JobMessage[];
}

/** When no worker can read the operators' rules of hosts, in ms from the start. */
export interface Unreadable {
  readonly fromMs: number;
  readonly untilMs: number;
}
