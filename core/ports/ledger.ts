import type { Operation, OperationResult, OperationType } from "../model/operations.ts";
import type { OperationRecord } from "../model/record.ts";

/** Where a job's operations are recorded, each write under the fence of the attempt. */
export interface OperationJournal {
  /** How long the lease still lasts: an operation in progress is nobody's after that. */
  leaseLeftMs(): number;
  keyOf(operation: Operation): string;
  recorded(operation: Operation): OperationRecord | undefined;
  begin(operation: Operation): Promise<void>;
  complete(operation: Operation, result: OperationResult, startedAtMs: number): Promise<void>;
  /** The operation threw: it leaves no result. */
  forget(type: OperationType): void;
  replayed(operation: Operation, record: OperationRecord): void;
}

/** Runs an operation once: replays its recorded result, or executes it and records what it returned. */
export interface Ledger {
  run(
    journal: OperationJournal,
    operation: Operation,
    execute: () => Promise<OperationResult>,
  ): Promise<OperationResult>;
}
