import type { AttributeValue, DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from "aws-lambda";
import type { Item, Value } from "../../../core/model/write.ts";
import type { SimulatedItems } from "./items.ts";
import type { Dice, VirtualTime } from "./time.ts";

const SHARDS = 2;
const LARGEST_BATCH = 4;
const LONGEST_LAG_MS = 1000;
const LONGEST_BACKOFF_MS = 10_000;

/** What the mapping's filter lets through. */
const isTold = ({ state }: Item): boolean => state === "INDEXED" || state === "DEDUPED";
/** Of all other changes, so many are shown as well: the function must not rely on the filter. */
const SHOWN_THOUGH_FILTERED = 0.05;

interface Shard {
  readonly records: { readonly record: DynamoDBRecord; readonly sinceMs: number }[];
  /** Records before it are done with. */
  next: number;
  isBusy: boolean;
  failures: number;
  heldUntilMs: number;
}

type Invoke = (event: DynamoDBStreamEvent) => Promise<DynamoDBBatchResponse | undefined>;

interface Surroundings {
  readonly time: VirtualTime;
  readonly dice: Dice;
  readonly history: SimulatedItems["history"];
  /** Of the function that reads the stream; undefined when it failed, ran out of time or died. */
  readonly invoke: Invoke;
}

/**
 * The table's stream as Lambda's mapping delivers it: in order and one batch at a time within a shard, again after any
 * failure, and in halves until then.
 */
export class SimulatedStream {
  readonly #around: Surroundings;
  readonly #shards: readonly Shard[];
  #read = 0;

  constructor(around: Surroundings) {
    this.#around = around;
    this.#shards = Array.from({ length: SHARDS }, () => ({
      records: [],
      next: 0,
      isBusy: false,
      failures: 0,
      heldUntilMs: 0,
    }));
  }

  /** Takes up what was written to the table since. */
  follow(): void {
    const { dice, history, time } = this.#around;
    for (; this.#read < history.length; this.#read++) {
      const { write, before, after } = history[this.#read] ?? {};
      if (!write || !after || !(isTold(after) || dice.chance(SHOWN_THOUGH_FILTERED))) continue;
      const shard = this.#shardOf(write.key);
      shard.records.push({ record: recordOf(this.#read, before, after), sinceMs: time.nowMs });
      this.#plan(shard);
    }
  }

  /** When what waits longest was written; undefined when nothing waits. */
  get waitingSinceMs(): number | undefined {
    let sinceMs: number | undefined;
    for (const { records, next } of this.#shards) {
      const waitsSinceMs = records[next]?.sinceMs;
      if (waitsSinceMs !== undefined) sinceMs = Math.min(sinceMs ?? waitsSinceMs, waitsSinceMs);
    }
    return sinceMs;
  }

  /** Forgets how far it was. */
  deliverAgain(): void {
    const shard = this.#around.dice.pick(this.#shards);
    if (shard.isBusy || shard.next === 0) return;
    shard.next = this.#around.dice.below(shard.next);
    this.#plan(shard);
  }

  hold(forMs: number): void {
    for (const shard of this.#shards) shard.heldUntilMs = this.#around.time.nowMs + forMs;
  }

  #shardOf(key: string): Shard {
    return this.#shards[key.charCodeAt(key.length - 1) % SHARDS] as Shard;
  }

  #plan(shard: Shard): void {
    if (shard.isBusy || shard.next === shard.records.length) return;
    shard.isBusy = true;
    const { dice, time } = this.#around;
    const backoffMs = shard.failures === 0 ? 0 : Math.min(LONGEST_BACKOFF_MS, 500 * 2 ** shard.failures);
    const heldMs = Math.max(0, shard.heldUntilMs - time.nowMs);
    time.plan(dice.below(LONGEST_LAG_MS) + backoffMs + heldMs, () => void this.#deliver(shard));
  }

  async #deliver(shard: Shard): Promise<void> {
    const most = Math.ceil(LARGEST_BATCH / 2 ** shard.failures);
    const batch = shard.records.slice(shard.next, shard.next + most).map(({ record }) => record);
    const done = doneOf(batch, await this.#around.invoke({ Records: batch }));
    shard.next += done;
    shard.failures = done === batch.length ? 0 : shard.failures + 1;
    shard.isBusy = false;
    this.#plan(shard);
  }
}

/** Nothing that the simulation runs goes by it. */
const CHANGED_AT_S = 0;

const recordOf = (at: number, before: Item | undefined, after: Item): DynamoDBRecord => ({
  eventName: before ? "MODIFY" : "INSERT",
  dynamodb: {
    ApproximateCreationDateTime: CHANGED_AT_S,
    SequenceNumber: String(at).padStart(21, "0"),
    ...(before && { OldImage: imageOf(before) }),
    NewImage: imageOf(after),
  },
});

/** The SDK's `marshall`, for the values that the protocol writes, in a quarter of its time. */
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

/** Lambda goes on from the lowest number reported; one that it does not know fails the batch. */
function doneOf(batch: readonly DynamoDBRecord[], response: DynamoDBBatchResponse | undefined): number {
  if (!response) return 0;
  const places = response.batchItemFailures.map(({ itemIdentifier }) =>
    batch.findIndex(({ dynamodb }) => dynamodb?.SequenceNumber === itemIdentifier),
  );
  return Math.max(0, Math.min(batch.length, ...places));
}
