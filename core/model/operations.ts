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
  /** Whether it may be run again if its result is lost: nobody has to write for its completion alone. */
  readonly isRepeatable: (result: OperationResult) => boolean;
}
