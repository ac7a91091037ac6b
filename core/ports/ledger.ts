import type { Operation, OperationResult, OperationType } from "../model/operations.ts";
import type { OperationRecord } from "../model/record.ts";

/** Records a job's operations. Each write carries the fence of the attempt. */
export interface OperationJournal {
  /** How long the lease still lasts. After that, an operation in progress belongs to nobody. */
  leaseLeftMs(): number;
  keyOf(operation: Operation): string;
  recorded(operation: Operation): OperationRecord | undefined;
  begin(operation: Operation): Promise<void>;
  complete(operation: Operation, result: OperationResult, startedAtMs: number): Promise<void>;
  /** To be called when the operation threw: it has no result. */
  forget(type: OperationType): void;
  replayed(operation: Operation, record: OperationRecord): void;
}

/** Runs an operation once: replays its recorded result, or executes it and records its result. */
export interface Ledger {
  run(
    journal: OperationJournal,
    operation: Operation,
    execute: () => Promise<OperationResult>,
  ): Promise<OperationResult>;
}
