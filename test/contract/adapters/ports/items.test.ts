import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { dynamoItems } from "../../../../adapters/aws/dynamodb.ts";
import { asJobError } from "../../../../core/model/errors.ts";
import type { Condition, Item, Clause, WriteResult } from "../../../../core/model/write.ts";
import type { Items } from "../../../../core/ports/items.ts";
import type { ItemsBackend } from "./backends.ts";
import { itemsBackends } from "./items-backends.ts";

const always: Condition = [[{ attribute: "never_set", is: "absent" }]];
const never: Condition = [[{ attribute: "never_set", is: "=", than: 1 }]];

const TESTS: readonly (readonly [test: Clause, holds: boolean])[] = [
  [{ attribute: "missing", is: "absent" }, true],
  [{ attribute: "number", is: "absent" }, false],
  [{ attribute: "number", is: "=", than: 5 }, true],
  [{ attribute: "number", is: "=", than: 6 }, false],
  [{ attribute: "number", is: "=", than: "5" }, false],
  [{ attribute: "text", is: "=", than: "b" }, true],
  [{ attribute: "text", is: "=", than: "B" }, false],
  [{ attribute: "flag", is: "=", than: true }, true],
  [{ attribute: "missing", is: "=", than: 5 }, false],
  [{ attribute: "number", is: "<=", than: 4 }, false],
  [{ attribute: "number", is: "<=", than: 5 }, true],
  [{ attribute: "number", is: "<=", than: 6 }, true],
  [{ attribute: "number", is: "<=", than: "6" }, false],
  [{ attribute: "text", is: "<=", than: "b" }, true],
  [{ attribute: "text", is: "<=", than: "a" }, false],
  [{ attribute: "missing", is: "<=", than: 6 }, false],
  [{ attribute: "text", is: "one of", than: ["a", "b"] }, true],
  [{ attribute: "text", is: "one of", than: ["b"] }, true],
  [{ attribute: "text", is: "one of", than: ["a", "c"] }, false],
  [{ attribute: "number", is: "one of", than: ["5"] }, false],
  [{ attribute: "missing", is: "one of", than: ["a", "b"] }, false],
  [{ attribute: "map.status", is: "=", than: "STARTED" }, true],
  [{ attribute: "map.status", is: "=", than: "DONE" }, false],
  [{ attribute: "map.missing", is: "=", than: "STARTED" }, false],
  [{ attribute: "map.missing", is: "absent" }, true],
  [{ attribute: "missing.status", is: "=", than: "STARTED" }, false],
  [{ attribute: "text.status", is: "=", than: "STARTED" }, false],
];

const yes: Clause = { attribute: "number", is: "=", than: 5 };
const no: Clause = { attribute: "number", is: "=", than: 6 };

const CONDITIONS: readonly (readonly [name: string, condition: Condition, holds: boolean])[] = [
  ["yes", [[yes]], true],
  ["no", [[no]], false],
  ["yes and yes", [[yes, yes]], true],
  ["yes and no", [[yes, no]], false],
  ["no, or yes", [[no], [yes]], true],
  ["no, or no", [[no], [no]], false],
  [
    "yes and no, or yes and yes",
    [
      [yes, no],
      [yes, yes],
    ],
    true,
  ],
  [
    "yes and no, or no and yes",
    [
      [yes, no],
      [no, yes],
    ],
    false,
  ],
];

describe.each(Object.entries(itemsBackends))("Items on %s", (_name, start) => {
  let backend: ItemsBackend;
  let items: Items;
  let key = "";
  let keys = 0;

  beforeAll(async () => {
    backend = await start();
    ({ items } = backend);
  });
  afterAll(async () => backend[Symbol.asyncDispose]());
  beforeEach(() => {
    keys += 1;
    key = `ITEM#${keys}`;
  });

  const put = async (set: Item, at = key): Promise<WriteResult> => items.write({ key: at, when: always, set });

  it.each(TESTS)("evaluates the condition %j as %s", async (test, holds) => {
    await put({ number: 5, text: "b", flag: true, map: { status: "STARTED" } });
    const { applied } = await items.write({ key, when: [[test]], set: { written: 1 } });
    expect(applied).toBe(holds);
  });

  it.each(CONDITIONS)("joins clauses by AND and alternatives by OR: %s", async (_condition, when, holds) => {
    await put({ number: 5 });
    const { applied } = await items.write({ key, when, set: { written: 1 } });
    expect(applied).toBe(holds);
  });

  it("sets attributes, keeps the others, and returns the whole new item", async () => {
    await put({ kept: 1, changed: "before", nested: { list: [1, "two", null, true], deep: { er: 0.5 } } });
    expect(await put({ changed: "after" })).toEqual({
      applied: true,
      item: { pk: key, kept: 1, changed: "after", nested: { list: [1, "two", null, true], deep: { er: 0.5 } } },
    });
  });

  it("accepts attributes whose names DynamoDB reserves", async () => {
    const set = { state: "s", ttl: 1, owner: "o", until: 2, key: "k", values: ["v"], name: "n" };
    expect(await put(set)).toEqual({ applied: true, item: { pk: key, ...set } });
  });

  it("setIfAbsent sets only attributes that are absent", async () => {
    await put({ there: "first" });
    const write = { key, when: always, setIfAbsent: { there: "second", new: "second" } };
    expect(await items.write(write)).toEqual({ applied: true, item: { pk: key, there: "first", new: "second" } });
  });

  it("adds to a number, and to an absent attribute from zero", async () => {
    await put({ count: 5 });
    const write = { key, when: always, add: { count: -2, fresh: 3 } };
    expect(await items.write(write)).toEqual({ applied: true, item: { pk: key, count: 3, fresh: 3 } });
  });

  it("removes attributes, and ignores those that are absent", async () => {
    await put({ kept: 1, gone: 2 });
    const write = { key, when: always, remove: ["gone", "missing"] };
    expect(await items.write(write)).toEqual({ applied: true, item: { pk: key, kept: 1 } });
  });

  it("applies set, setIfAbsent, add and remove in one write", async () => {
    await put({ a: 1, b: 1, c: 1 });
    const write = {
      key,
      when: [[yes], ...always],
      set: { a: 2 },
      setIfAbsent: { b: 2, d: 2 },
      add: { e: 2 },
      remove: ["c"],
    };
    expect(await items.write(write)).toEqual({ applied: true, item: { pk: key, a: 2, b: 1, d: 2, e: 2 } });
  });

  it("answers a refused write with the refusing item, and changes nothing", async () => {
    await put({ number: 5, text: "b" });
    const refused = await items.write({ key, when: never, set: { text: "c" }, add: { number: 1 }, remove: ["text2"] });
    expect(refused).toEqual({ applied: false, item: { pk: key, number: 5, text: "b" } });
    expect(await items.read(key)).toEqual({ pk: key, number: 5, text: "b" });
  });

  it("answers a write refused on a missing key without an item, and creates none", async () => {
    expect(await items.write({ key, when: never, set: { text: "c" } })).toEqual({ applied: false, item: undefined });
    expect(await items.read(key)).toBeUndefined();
  });

  it("reads 230 items, more than one request may name, and leaves out keys without an item", async () => {
    const all = Array.from({ length: 230 }, (_, index) => `${key}/${index}`);
    const stored = all.filter((_, index) => index % 3 !== 0);
    await Promise.all(stored.map(async (at, index) => put({ index }, at)));
    const found = await items.readMany(all);
    expect([...found.keys()].sort()).toEqual([...stored].sort());
    expect([...found]).toEqual(expect.arrayContaining(stored.map((at, index) => [at, { pk: at, index }])));
  });

  it("reads 45 items of 380 KiB, more than one answer holds", async () => {
    const all = Array.from({ length: 45 }, (_, index) => `${key}/${index}`);
    for (const at of all) await put({ text: "x".repeat(380 * 1024) }, at);
    const found = await items.readMany(all);
    expect([...found.keys()].sort()).toEqual([...all].sort());
  });

  it("returns an empty map for no keys", async () => {
    expect(await items.readMany([])).toEqual(new Map());
  });

  it("lists the items watched in one shard before a given time, oldest first, up to a limit", async () => {
    const shard = 1000 + keys;
    const at = { late: 300, early: 100, middle: 200, exactly: 400, after: 401 };
    for (const [name, watchAt] of Object.entries(at))
      await put({ watch_shard: shard, watch_at: watchAt }, `${key}/${name}`);
    await put({ watch_shard: shard + 100_000, watch_at: 150 }, `${key}/elsewhere`);
    await put({ watch_at: 150 }, `${key}/no-shard`);
    await put({ watch_shard: shard }, `${key}/no-time`);
    const watched = async (limit: number) => items.watched(shard, 400, limit);
    const due = Object.entries({ early: 100, middle: 200, late: 300 }).map(([name, watchAtMs]) => ({
      key: `${key}/${name}`,
      watchAtMs,
    }));
    expect(await watched(10)).toEqual(due);
    expect(await watched(2)).toEqual(due.slice(0, 2));
  });

  it("moves an item in the watch index with its watch time, and removes it with its watch attributes", async () => {
    const shard = 1000 + keys;
    const watched = async () => items.watched(shard, 500, 10);
    await put({ watch_shard: shard, watch_at: 100 });
    expect(await watched()).toEqual([{ key, watchAtMs: 100 }]);
    await put({ watch_at: 900 });
    expect(await watched()).toEqual([]);
    await put({ watch_at: 200 });
    expect(await watched()).toEqual([{ key, watchAtMs: 200 }]);
    await items.write({ key, when: always, remove: ["watch_shard", "watch_at"] });
    expect(await watched()).toEqual([]);
    expect(await items.read(key)).toEqual({ pk: key });
  });

  it("applies exactly one of twenty racing writes whose condition the first one ends", async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, async (_, index) =>
        items.write({ key, when: [[{ attribute: "owner", is: "absent" }]], set: { owner: index }, add: { writes: 1 } }),
      ),
    );
    const winners = outcomes.filter(({ applied }) => applied);
    expect(winners).toHaveLength(1);
    expect(await items.read(key)).toEqual(winners[0]?.item);
    expect(outcomes.every(({ item }) => item?.["writes"] === 1)).toBe(true);
  });
});

it("an outage of DynamoDB becomes a RetryableError of the class system", async () => {
  const client = new DynamoDBClient({
    // Nothing listens on port 9 ("discard").
    endpoint: "http://127.0.0.1:9",
    region: "us-east-1",
    maxAttempts: 1,
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });
  const items = dynamoItems(client, "jobs");
  const error: unknown = await items
    .write({ key: "k", when: always, set: { a: 1 } })
    .catch((thrown: unknown) => thrown);
  expect(asJobError(error)).toMatchObject({ name: "UnexpectedError", failureClass: "system" });
  client.destroy();
});
