import type { AttributeValue, DynamoDBRecord, DynamoDBStreamEvent } from "aws-lambda";
import { z } from "zod";
import { type Loop, pause, repeat, toError } from "../../../local/shared/repeat.ts";
import { type TableChange, tableChanges } from "../aws/dynalite-mends.ts";
import type { EventSource } from "../lambda/functions.ts";
import { matches } from "./pattern.ts";

const LOOK_EVERY_MS = 50;
/** The template's is too long for a test to wait. */
const LONGEST_WINDOW_MS = 500;
const PAUSE_AFTER_TROUBLE_MS = 100;

type Image = Record<string, AttributeValue>;

/** What a table's stream has brought since it was opened: one shard, in order. */
export class TableStream implements Disposable {
  readonly records: DynamoDBRecord[] = [];
  readonly #listen: (change: TableChange) => void;

  constructor(table: string) {
    this.#listen = (change) => {
      if (change.table === table) this.records.push(recordOf(change, this.records.length));
    };
    tableChanges.add(this.#listen);
  }

  [Symbol.dispose](): void {
    tableChanges.delete(this.#listen);
  }
}

const recordOf = ({ before, after }: TableChange, at: number): DynamoDBRecord => ({
  eventID: String(at),
  eventName: before ? (after ? "MODIFY" : "REMOVE") : "INSERT",
  eventSource: "aws:dynamodb",
  dynamodb: {
    ApproximateCreationDateTime: Math.floor(Date.now() / 1000),
    Keys: { pk: (after ?? before)?.["pk"] as AttributeValue },
    ...(before && { OldImage: before as Image }),
    ...(after && { NewImage: after as Image }),
    SequenceNumber: String(at + 1).padStart(21, "0"),
    StreamViewType: "NEW_AND_OLD_IMAGES",
  },
});

export interface StreamReaderOptions {
  readonly stream: TableStream;
  readonly source: EventSource;
  readonly invoke: (event: DynamoDBStreamEvent) => Promise<unknown>;
  /** Whether the reader forgets that this batch, counted from 1, was done, as if Lambda died before writing it down. */
  readonly losesCheckpoint?: (nth: number) => boolean;
  readonly onTrouble?: (error: Error) => void;
  /** What the reader waits for before it begins. */
  readonly beginsAfter?: Promise<unknown>;
}

export interface StreamReader extends Loop {
  /** How many records are done with, up to the first that is not. */
  readonly checkpoint: () => number;
}

/**
 * Does the work of Lambda's event source mapping: batches in order, one at a time; after a failure again from the
 * record that is reported, or the whole batch, by halves.
 */
export function startStreamReader(options: StreamReaderOptions): StreamReader {
  const { source, stream } = options;
  let checkpoint = 0;
  let most = source.batchSize;
  let invocations = 0;
  let hasBegun = options.beginsAfter === undefined;
  const begin = async (): Promise<void> => {
    await options.beginsAfter;
    hasBegun = true;
  };
  void begin();

  const passes = (record: DynamoDBRecord): boolean => source.filters.some((filter) => matches(filter, record));

  /** The next records that pass, and where the stream goes on after them. */
  const next = (): { readonly batch: readonly DynamoDBRecord[]; readonly end: number } => {
    const batch: DynamoDBRecord[] = [];
    let end = checkpoint;
    for (; end < stream.records.length && batch.length < most; end++) {
      const record = stream.records[end];
      if (record && passes(record)) batch.push(record);
    }
    return { batch, end };
  };

  async function round(stopping: AbortSignal): Promise<void> {
    if (!hasBegun) return pause(LOOK_EVERY_MS, stopping);
    if (next().batch.length < most) await pause(Math.min(source.batchingWindowMs, LONGEST_WINDOW_MS), stopping);
    const { batch, end } = next();
    if (batch.length === 0) {
      checkpoint = end;
      return pause(LOOK_EVERY_MS, stopping);
    }
    try {
      const answer = await options.invoke({ Records: [...batch] });
      invocations += 1;
      if (options.losesCheckpoint?.(invocations) === true) return;
      const failedFrom = firstFailed(source, answer, batch);
      checkpoint = failedFrom === undefined ? end : stream.records.indexOf(failedFrom);
      most = source.batchSize;
    } catch (error) {
      options.onTrouble?.(toError(error));
      if (source.bisectsBatches) most = Math.ceil(batch.length / 2);
      await pause(PAUSE_AFTER_TROUBLE_MS, stopping);
    }
  }

  return { ...repeat(round), checkpoint: () => checkpoint };
}

const response = z.object({ batchItemFailures: z.array(z.object({ itemIdentifier: z.string() })) });

/** @throws Error for a number that is not of the batch: Lambda takes that for a failure of the whole batch. */
function firstFailed(
  { reportsPartialFailures }: EventSource,
  answer: unknown,
  batch: readonly DynamoDBRecord[],
): DynamoDBRecord | undefined {
  if (!reportsPartialFailures) return undefined;
  const failed = response.parse(answer).batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
  const numbers = new Set(batch.map(({ dynamodb }) => dynamodb?.SequenceNumber));
  const stranger = failed.find((number) => !numbers.has(number));
  if (stranger !== undefined) throw new Error(`The function reported "${stranger}", which was not in its batch.`);
  return batch.find(({ dynamodb }) => failed.includes(dynamodb?.SequenceNumber ?? ""));
}
