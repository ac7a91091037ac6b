import type { JobState } from "./states.ts";

export const OPERATION_TYPES = ["HEAD", "STREAM", "FINALIZE", "INDEX", "DEDUPE"] as const;
export type OperationType = (typeof OPERATION_TYPES)[number];

/** What an operation leaves behind: plain JSON (FACTS: anything else throws after the effect). */
export type OperationResult = Readonly<Record<string, string | number | boolean>>;

export interface Operation {
  readonly type: OperationType;
  /** What, besides job and type, makes two runs the same operation. */
  readonly context: Readonly<Record<string, string>>;
  /** The states that its completion walks the job through, in order; may depend on the result. */
  readonly leadsTo: (result: OperationResult) => readonly JobState[];
  /** The operation that its completion starts in the same write. */
  readonly next: (result: OperationResult) => Operation | undefined;
}
