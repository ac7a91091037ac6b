/**
 * Powertools idempotency on the job's own record. The stock DynamoDB layer completes and deletes without a condition,
 * so that a late zombie overwrites or deletes its successor's record. Here every write carries the attempt's fence, and
 * an operation that a dead predecessor left in progress is run again as soon as the job is leased again.
 */
import {
  IdempotencyConfig,
  IdempotencyItemAlreadyExistsError,
  IdempotencyItemNotFoundError,
  IdempotencyRecordStatus,
  makeIdempotent,
} from "@aws-lambda-powertools/idempotency";
import { BasePersistenceLayer, IdempotencyRecord } from "@aws-lambda-powertools/idempotency/persistence";
import type { Ledger, OperationJournal } from "../../core/ports/ledger.ts";
import type { Operation, OperationResult } from "../../core/model/operations.ts";
import type { OperationRecord } from "../../core/model/record.ts";
import type { Clock } from "../../core/ports/runtime.ts";

/** One instance per operation, because a layer keeps only the first configuration that it gets. */
class FencedPersistence extends BasePersistenceLayer {
  readonly #journal: OperationJournal;
  readonly #operation: Operation;
  readonly #clock: Clock;
  #startedAtMs = 0;

  constructor(journal: OperationJournal, operation: Operation, clock: Clock) {
    super();
    this.#journal = journal;
    this.#operation = operation;
    this.#clock = clock;
  }

  /** Our own key, not one that Powertools derives: it must be the same in every version and function. */
  protected override getHashedIdempotencyKey(): string {
    return this.#journal.keyOf(this.#operation);
  }

  protected override async _putRecord(_record: IdempotencyRecord): Promise<void> {
    const recorded = this.#journal.recorded(this.#operation);
    if (recorded?.status === "DONE") {
      throw new IdempotencyItemAlreadyExistsError("This operation already has a result.", recordOf(recorded));
    }
    this.#startedAtMs = this.#clock.nowMs();
    await this.#journal.begin(this.#operation);
  }

  protected override async _getRecord(): Promise<IdempotencyRecord> {
    const recorded = this.#journal.recorded(this.#operation);
    if (!recorded) throw new IdempotencyItemNotFoundError("The job's record does not hold this operation.");
    return recordOf(recorded);
  }

  protected override async _updateRecord(record: IdempotencyRecord): Promise<void> {
    await this.#journal.complete(this.#operation, record.getResponse() as OperationResult, this.#startedAtMs);
  }

  /** The operation threw. The fenced write that releases the lease removes its start; after a lost lease, none does. */
  protected override async _deleteRecord(): Promise<void> {
    this.#journal.forget(this.#operation.type);
  }
}

/** Without expiry: the job's state, not a clock, decides how long a result is valid. */
const recordOf = ({ key, status, result }: OperationRecord): IdempotencyRecord =>
  new IdempotencyRecord({
    idempotencyKey: key,
    status: status === "DONE" ? IdempotencyRecordStatus.COMPLETED : IdempotencyRecordStatus.INPROGRESS,
    ...(result && { responseData: result }),
  });

/** @throws TypeError when POWERTOOLS_IDEMPOTENCY_DISABLED would leave every operation unguarded. */
export function powertoolsLedger(clock: Clock): Ledger {
  if (!new IdempotencyConfig({}).isEnabled()) {
    throw new TypeError(
      "POWERTOOLS_IDEMPOTENCY_DISABLED is set: operations would run unguarded. Remove it; DOCSTOKG_ENABLE_IDEMPOTENCY is the gate.",
    );
  }
  return {
    async run(journal, operation, execute) {
      const config = new IdempotencyConfig({
        lambdaContext: contextOf(journal),
        responseHook: (response) => {
          const recorded = journal.recorded(operation);
          if (recorded) journal.replayed(operation, recorded);
          return response;
        },
      });
      const persistenceStore = new FencedPersistence(journal, operation, clock);
      const guarded = makeIdempotent(async (_key: string) => execute(), { persistenceStore, config });
      return guarded(journal.keyOf(operation));
    },
  };
}

type LambdaContext = NonNullable<ConstructorParameters<typeof IdempotencyConfig>[0]["lambdaContext"]>;

/** An operation in progress expires with the lease, not with the invocation. Powertools reads nothing else of it. */
const contextOf = (journal: OperationJournal): LambdaContext =>
  ({ getRemainingTimeInMillis: () => Math.max(1, journal.leaseLeftMs()) }) as LambdaContext;
