/** What limits of hosts and waiting cost, counted in requests. docs/benchmarks.md has the figures. */
import { GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { describe, expect, it } from "vitest";
import type { HostRule } from "../../core/flow/host-rule.ts";
import { hostItemKey } from "../../core/flow/host-record.ts";
import { jobItemKey } from "../../core/model/keys.ts";
import type { OriginFile } from "../../local/origin/file.ts";
import { costsOfDelivering, type Costs } from "../e2e/request-costs.ts";
import { KIB, startRun, startSurroundings, until, type Run } from "../e2e/support.ts";

const BATCH = 10;
const A_LONG_TIME_MS = 3_600_000;
/** A first delivery from a host without limits: test/e2e/budgets.test.ts. */
const UNLIMITED_UNITS = 3;
const MOST_LIMITED_UNITS = 0.4;
/** Giving the lease back puts the job into the index `watch`, and its dispatch takes it out: 2 each. Its lease: 1. */
const MOST_PARKED_UNITS = 5;
const MOST_WRITES_OF_A_HOST_THAT_SENDS_AWAY = 2;

const filesOf = (count: number, more: Partial<OriginFile> = {}): readonly OriginFile[] =>
  Array.from({ length: count }, (_, index) => ({ name: `file-${index}`, size: KIB + index, ...more }));

const startWith = async (rules: readonly HostRule[], reconcileEveryMs = A_LONG_TIME_MS): Promise<Run> =>
  startRun({
    ...(await startSurroundings()),
    workers: 1,
    batchSize: BATCH,
    reconcileEveryMs,
    workerEnv: { LEASE_TTL_MS: "60000", HOST_RULES: JSON.stringify(rules) },
  });

function tell(what: string, costs: Costs): void {
  console.info(`budgets, ${what}: ${JSON.stringify(costs)}`);
}

describe("a job of a host, ten at a batch", () => {
  it.each<[string, HostRule, number]>([
    ["unlimited", ["*", "unlimited"], 0],
    ["without limits, but watched", ["*", {}], 0],
    ["with 16 connections", ["*", { connections: 16 }], MOST_LIMITED_UNITS],
    // A busy machine sends requests late, and each of them takes a new time: one more write.
    ["with 20 requests a second", ["*", { perSecond: 20 }], 1],
  ])("that is %s: its host's writes are within the budget", async (what, rule, most) => {
    const costs = await costsOfDelivering(await startWith([rule]), filesOf(5 * BATCH));
    tell(`a host ${what}`, costs);
    expect(costs.hostWriteUnits).toBeLessThanOrEqual(most);
    expect(costs.writeUnits - costs.hostWriteUnits).toBeLessThanOrEqual(UNLIMITED_UNITS);
    expect(costs.reads).toBeLessThanOrEqual(1);
  });
});

/**
 * From now until a job is available. By then the reconciler has dispatched it and ended its watch: of a job that is
 * leased between the two, the lease costs a unit more, and the end of the watch is refused.
 */
const SOON_MS = 5_000;
/** Jitter adds up to a minute to the hour. */
const PASSED_MS = A_LONG_TIME_MS + 60_000;

/** As if the time had gone by until each job is available: the times in the items are earlier. */
async function goOn({ pipeline }: Run, keys: readonly string[]): Promise<void> {
  const { clients, names } = pipeline;
  for (const key of keys) {
    const { Item: item } = await clients.dynamodb.send(
      new GetItemCommand({ TableName: names.table, Key: { pk: { S: key } }, ConsistentRead: true }),
    );
    if (!item) continue;
    const availableAtMs = item["available_at"]?.N;
    const ms = availableAtMs === undefined ? PASSED_MS : Number(availableAtMs) - Date.now() - SOON_MS;
    for (const name of ["available_at", "watch_at", "rest_until", "slowed_at"]) {
      const value = Number(item[name]?.N ?? 0);
      if (value > 0) item[name] = { N: String(value - ms) };
    }
    await clients.dynamodb.send(new PutItemCommand({ TableName: names.table, Item: item }));
  }
}

describe("a job that waits for an hour", () => {
  const HOUR_S = 3_600;

  it.each<[string, HostRule, number]>([
    // HEAD and GET are answered with 429.
    ["unlimited", ["*", "unlimited"], 2],
    // HEAD is, and then the host rests.
    ["with 16 connections", ["*", { connections: 16 }], 1],
  ])(
    "because it has been sent away itself, by a host that is %s: its parking is within the budget",
    async (what, rule, failFirst) => {
      const run = await startWith([rule], 1_000);
      const files = filesOf(BATCH, { failFirst, failStatus: 429, retryAfter: HOUR_S });
      const jobs = files.map((file) => run.idOf(file));
      const costs = await costsOfDelivering(run, files, async () => {
        await until("all jobs wait", async () => {
          const records = await run.records(jobs);
          const waiting = [...records.values()].filter(({ leaseOwner, reason }) => !leaseOwner && reason).length;
          return waiting === BATCH ? undefined : `${waiting} wait`;
        });
        await run.untilQueueIsEmpty();
        await goOn(run, [hostItemKey(new URL(run.origin.url).host), ...jobs.map(jobItemKey)]);
        await run.untilDone(files);
      });
      tell(`parked for an hour by a host ${what}`, costs);
      expect(costs.writeUnits - costs.hostWriteUnits).toBeLessThanOrEqual(UNLIMITED_UNITS + MOST_PARKED_UNITS);
      expect(costs.hostWriteUnits).toBeLessThanOrEqual(MOST_WRITES_OF_A_HOST_THAT_SENDS_AWAY);
    },
  );

  it("because its host rests, and has not begun: no write at all", async () => {
    const run = await startWith([["*", { connections: 16 }]]);
    const first: OriginFile = { name: "first", size: 1, failFirst: 9, failStatus: 429, retryAfter: HOUR_S };
    await run.submit([first]);
    await until("the host rests", async () => {
      const record = (await run.records([run.idOf(first)])).get(run.idOf(first));
      return record?.reason !== undefined && record.leaseOwner === undefined ? undefined : "not sent away yet";
    });
    await run.untilQueueIsEmpty();
    const costs = await costsOfDelivering(run, filesOf(BATCH), async () =>
      until("all wait", async () => {
        const { delayed, inFlight, visible } = await run.pipeline.depth();
        return delayed === BATCH && inFlight + visible === 0
          ? undefined
          : JSON.stringify({ delayed, inFlight, visible });
      }),
    );
    tell("a quarter of an hour behind a host that rests", costs);
    expect(costs).toMatchObject({ writeUnits: 0, http: 0 });
    expect(costs.sqs).toBeLessThanOrEqual(1.3);
  });
});
