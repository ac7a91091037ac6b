import type { JobState } from "./states.ts";

export const OPERATION_TYPES = ["HEAD", "STREAM", "FINALIZE", "INDEX", "DEDUPE"] as const;
export type OperationType = (typeof OPERATION_TYPES)[number];

/** The recorded result of an operation: plain JSON. Anything else would throw when it is recorded, after the effect. */
export type OperationResult = Readonly<Record<string, string | number | boolean>>;

export interface Operation {
  readonly type: OperationType;
  /** Identifies the operation together with its job and type: runs with the same context are the same operation. */
  readonly context: Readonly<Record<string, string>>;
  /** The states that its completion takes the job through, in order; may depend on the result. */
  readonly leadsTo: (result: OperationResult) => readonly JobState[];
  /** The operation that is started in the same write as its completion; undefined after the last one. */
  readonly next: (result: OperationResult) => Operation | undefined;
}
