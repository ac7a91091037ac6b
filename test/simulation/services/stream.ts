import type { AttributeValue, DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from "aws-lambda";
import type { Item, Value } from "../../../core/model/write.ts";
import { isFinished } from "../oracle/leftovers.ts";
import type { SimulatedItems } from "./items.ts";
import type { Dice, VirtualTime } from "./time.ts";

const SHARDS = 2;
const LARGEST_BATCH = 4;
const LONGEST_LAG_MS = 1000;
const LONGEST_BACKOFF_MS = 10_000;

/** The event source mapping's filter: only the ends of jobs reach the announcer. */
const passesFilter = (before: Item | undefined, after: Item | undefined): boolean =>
  isFinished(after) && !isFinished(before);
/** The share of filtered-out changes that are delivered anyway: the function must not rely on the filter. */
const FILTER_MISS_PROBABILITY = 0.05;

interface Shard {
  readonly records: { readonly record: DynamoDBRecord; readonly sinceMs: number }[];
  /** The index of the first record that is not yet processed. */
  next: number;
  isBusy: boolean;
  failures: number;
  heldUntilMs: number;
}

type Invoke = (event: DynamoDBStreamEvent) => Promise<DynamoDBBatchResponse | undefined>;

interface Environment {
  readonly time: VirtualTime;
  readonly dice: Dice;
  readonly changes: SimulatedItems["changes"];
  /** Invokes the stream's function. The response is undefined if the function failed, timed out or died. */
  readonly invoke: Invoke;
}

/**
 * The table's stream as Lambda's event source mapping delivers it: within a shard in order and one batch at a time. A
 * failed batch is delivered again, each time with half as many records, until it succeeds.
 */
export class SimulatedStream {
  readonly #env: Environment;
  readonly #shards: readonly Shard[];
  #read = 0;

  constructor(env: Environment) {
    this.#env = env;
    this.#shards = Array.from({ length: SHARDS }, () => ({
      records: [],
      next: 0,
      isBusy: false,
      failures: 0,
      heldUntilMs: 0,
    }));
  }

  /** Adds to the stream what was written to the table since the last call. */
  follow(): void {
    const { changes, dice, time } = this.#env;
    for (; this.#read < changes.length; this.#read++) {
      const { key, before, after } = changes[this.#read] ?? {};
      if (key === undefined || !(passesFilter(before, after) || dice.chance(FILTER_MISS_PROBABILITY))) continue;
      const shard = this.#shardOf(key);
      shard.records.push({ record: recordOf(this.#read, before, after), sinceMs: time.nowMs });
      this.#plan(shard);
    }
  }

  /** When the longest waiting record was written, or undefined if no record waits. */
  get waitingSinceMs(): number | undefined {
    let sinceMs: number | undefined;
    for (const { records, next } of this.#shards) {
      const waitsSinceMs = records[next]?.sinceMs;
      if (waitsSinceMs !== undefined) sinceMs = Math.min(sinceMs ?? waitsSinceMs, waitsSinceMs);
    }
    return sinceMs;
  }

  /** Moves one shard back, so that records are delivered a second time. */
  deliverAgain(): void {
    const shard = this.#env.dice.pick(this.#shards);
    if (shard.isBusy || shard.next === 0) return;
    shard.next = this.#env.dice.below(shard.next);
    this.#plan(shard);
  }

  /** Forgets what is processed: the stream keeps a change for a day, and a record lives longer. */
  forget(): void {
    for (const shard of this.#shards) {
      shard.records.splice(0, shard.next);
      shard.next = 0;
    }
  }

  hold(forMs: number): void {
    for (const shard of this.#shards) shard.heldUntilMs = this.#env.time.nowMs + forMs;
  }

  #shardOf(key: string): Shard {
    return this.#shards[key.charCodeAt(key.length - 1) % SHARDS] as Shard;
  }

  #plan(shard: Shard): void {
    if (shard.isBusy || shard.next === shard.records.length) return;
    shard.isBusy = true;
    const { dice, time } = this.#env;
    const backoffMs = shard.failures === 0 ? 0 : Math.min(LONGEST_BACKOFF_MS, 500 * 2 ** shard.failures);
    const heldMs = Math.max(0, shard.heldUntilMs - time.nowMs);
    time.plan(dice.below(LONGEST_LAG_MS) + backoffMs + heldMs, () => void this.#deliver(shard));
  }

  async #deliver(shard: Shard): Promise<void> {
    const most = Math.ceil(LARGEST_BATCH / 2 ** shard.failures);
    const batch = shard.records.slice(shard.next, shard.next + most).map(({ record }) => record);
    const done = doneOf(batch, await this.#env.invoke({ Records: batch }));
    shard.next += done;
    shard.failures = done === batch.length ? 0 : shard.failures + 1;
    shard.isBusy = false;
    this.#plan(shard);
  }
}

/** Nothing that the simulation runs goes by it. */
const CHANGED_AT_S = 0;

const recordOf = (at: number, before: Item | undefined, after: Item | undefined): DynamoDBRecord => ({
  eventName: after ? (before ? "MODIFY" : "INSERT") : "REMOVE",
  dynamodb: {
    ApproximateCreationDateTime: CHANGED_AT_S,
    SequenceNumber: String(at).padStart(21, "0"),
    ...(before && { OldImage: imageOf(before) }),
    ...(after && { NewImage: imageOf(after) }),
  },
});

/** The SDK's `marshall` for the values that the protocol writes; takes a quarter of its time. */
function imageOf(item: Item): Record<string, AttributeValue> {
  const image: Record<string, AttributeValue> = {};
  for (const name of Object.keys(item)) image[name] = attributeOf(item[name] ?? null);
  return image;
}

function attributeOf(value: Value): AttributeValue {
  if (typeof value === "string") return { S: value };
  if (typeof value === "number") return { N: String(value) };
  if (typeof value === "boolean") return { BOOL: value };
  if (value === null) return { NULL: true };
  return Array.isArray(value) ? { L: value.map(attributeOf) } : { M: imageOf(value as Item) };
}

/** Lambda continues at the lowest sequence number reported. A number that it does not know fails the whole batch. */
function doneOf(batch: readonly DynamoDBRecord[], response: DynamoDBBatchResponse | undefined): number {
  if (!response) return 0;
  const places = response.batchItemFailures.map(({ itemIdentifier }) =>
    batch.findIndex(({ dynamodb }) => dynamodb?.SequenceNumber === itemIdentifier),
  );
  return Math.max(0, Math.min(batch.length, ...places));
}
