/**
 * What else may happen to a job, counted as the straight way is: a host with limits, an hour's wait, a mirror, a
 * refresh; the announcer; and what is written of a job.
 */
import { GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { setTimeout as sleep } from "node:timers/promises";
import { dynamoItems } from "../../adapters/aws/dynamodb.ts";
import { jobIdOf, jobItemKey } from "../../core/model/keys.ts";
import type { JobMessage } from "../../core/model/message.ts";
import type { Pipeline } from "../../test/embedded-aws/pipeline.ts";
import { startAnnouncer } from "../../test/embedded-aws/events/announcer.ts";
import { KIB, rounded, type Figure, type Measurement } from "../harness/measurement.ts";
import { scoped } from "../harness/scope.ts";
import { cpuSeconds, requireProc } from "../harness/process-figures.ts";
import { CountedRun, figuresOf } from "./artifacts.ts";
import { startPathsOrigin } from "./paths-origin.ts";
import { itemBytes } from "./storage.ts";

const BYTES = 10 * KIB;
const JOBS = 50;
const HOUR_S = 3_600;
/** Of a host with a pace: each job asks twice. */
export const PER_SECOND = 20;

export const PATHS = {
  unlimited: "10 KiB, host without limits",
  connections: "10 KiB, host with 16 connections",
  pace: "10 KiB, host with 20 requests a second",
  parked: "10 KiB, parked for an hour",
  mirror: "10 KiB, from the first mirror",
  refresh: "10 KiB, refreshed, and nothing is new",
} as const;
export type Path = keyof typeof PATHS;

/** What is written of a job, by what its message says. */
export const RECORDS = {
  short: { what: "URL of 60 characters", url: 60, metadata: 0 },
  middling: { what: "URL of 200 characters", url: 200, metadata: 0 },
  metadata: { what: "URL of 60 characters, metadata of 250 bytes", url: 60, metadata: 250 },
  long: { what: "URL of 500 characters", url: 500, metadata: 0 },
  both: { what: "URL of 200 characters, metadata of 1,000 bytes", url: 200, metadata: 1_000 },
  longer: { what: "URL of 2,000 characters", url: 2_000, metadata: 0 },
  longest: { what: "URL of 8,000 characters", url: 8_000, metadata: 0 },
} as const;
export const RECORD_COUNTS = { bytes: "bytes of the record", writeUnits: "DynamoDB write units" } as const;

const KINDS = ["single", "batched"] as const;
/** Of one announcement, when as many are due as an invocation takes. */
export const ANNOUNCER_COUNTS = {
  events: "events",
  requests: "PutEvents requests",
  invocations: "invocations of the announcer",
  cpuMs: "CPU time of the announcer",
  bytes: "bytes of an announcement",
} as const;
/** The mapping's, in infra/pipeline/announcer.ts. */
export const COLLECTED = { single: 100, batched: 500 } as const;

const messages = (
  url: string,
  path: string,
  more: (index: number) => Partial<JobMessage> = () => ({}),
): readonly JobMessage[] =>
  Array.from({ length: JOBS }, (_, index) => ({
    work_id: "bench",
    artifact_id: `${index}`,
    url: `${url}/${path}/${index}`,
    ...more(index),
  }));

const noMessages: readonly JobMessage[] = [];
const withRules = (rules: unknown): Readonly<Record<string, string>> => ({ HOST_RULES: JSON.stringify(rules) });

/** Jitter adds up to a minute to the hour. */
const SOON_MS = 1_000;

/** As if the time had gone by until each job is available: the times in the items are earlier. */
async function goOn({ clients: { dynamodb }, names }: Pipeline, jobs: readonly string[]): Promise<void> {
  for (const job of jobs) {
    const { Item: item } = await dynamodb.send(
      new GetItemCommand({ TableName: names.table, Key: { pk: { S: jobItemKey(job) } }, ConsistentRead: true }),
    );
    if (!item) throw new Error(`The table has no job ${job}.`);
    const ms = Number(item["available_at"]?.N ?? 0) - Date.now() - SOON_MS;
    for (const name of ["available_at", "watch_at"]) {
      const value = Number(item[name]?.N ?? 0);
      if (value > 0) item[name] = { N: String(value - ms) };
    }
    await dynamodb.send(new PutItemCommand({ TableName: names.table, Item: item }));
  }
}

/** Each job waits for an hour, which is cut short. */
async function whileParked(counted: CountedRun, all: readonly JobMessage[]): Promise<void> {
  const jobs = all.map(jobIdOf);
  const { run } = counted;
  await run.pipeline.submit(all);
  for (;;) {
    const records = [...(await run.records(all)).values()];
    if (records.filter(({ leaseOwner, reason }) => !leaseOwner && reason !== undefined).length === all.length) break;
    await sleep(200);
  }
  await counted.uncounted(async () => goOn(run.pipeline, jobs));
  await run.untilTerminal(all);
}

async function countPaths(say: (line: string) => void, scope: AsyncDisposableStack): Promise<readonly Figure[]> {
  const origin = await startPathsOrigin(BYTES, HOUR_S);
  scope.defer(async () => origin.stop());
  const figures: Figure[] = [];
  const count = async (path: Path, rules: unknown, given: readonly JobMessage[], before = noMessages) => {
    figures.push(
      ...(await scoped(async (inner) => {
        const counted = await CountedRun.start(inner, withRules(rules));
        await counted.run.download([...messages(origin.endpoint, `ok/warm-up-${path}`), ...before]);
        const counts = await counted.countsOf(given);
        await counted.run.checkDownloaded(given);
        return figuresOf(PATHS[path], counts);
      })),
    );
    say(PATHS[path]);
  };
  const unlimited = [["*", "unlimited"]];
  await count("unlimited", unlimited, messages(origin.endpoint, "ok/unlimited"));
  await count("connections", [["*", { connections: 16 }]], messages(origin.endpoint, "ok/connections"));
  await count("pace", [["*", { perSecond: PER_SECOND }]], messages(origin.endpoint, "ok/pace"));
  const mirrored = messages(origin.endpoint, "gone/m", (index) => ({
    mirrors: [`${origin.endpoint}/ok/mirror/${index}`],
  }));
  await count("mirror", unlimited, mirrored);
  const fresh = messages(origin.endpoint, "ok/refresh");
  const refreshed = messages(origin.endpoint, "ok/refresh", () => ({ refresh: "2026-11-28" }));
  await count("refresh", unlimited, refreshed, fresh);

  const counted = await CountedRun.start(scope, withRules(unlimited), { reconcileEveryMs: 1_000 });
  const parked = messages(origin.endpoint, "busy/p");
  const counts = await counted.countsOf(parked, async () => whileParked(counted, parked));
  figures.push(...figuresOf(PATHS.parked, counts));
  say(PATHS.parked);
  return figures;
}

async function countRecords(say: (line: string) => void, scope: AsyncDisposableStack): Promise<readonly Figure[]> {
  const origin = await startPathsOrigin(BYTES, HOUR_S);
  scope.defer(async () => origin.stop());
  const counted = await CountedRun.start(scope, withRules([["*", "unlimited"]]));
  const figures: Figure[] = [];
  for (const { what, url, metadata } of Object.values(RECORDS)) {
    const path = `ok/${what.replaceAll(/\W/g, "")}`;
    const given = messages(origin.endpoint, path, (index) => ({
      url: `${origin.endpoint}/${path}/${index}/`.padEnd(url, "u"),
      ...(metadata > 0 && { metadata: { note: "n".repeat(metadata - '{"note":""}'.length) } }),
    }));
    const { writeUnits } = await counted.countsOf(given);
    const { clients, names } = counted.run.pipeline;
    const items = await dynamoItems(clients.dynamodb, names.table).readMany(
      given.map((message) => jobItemKey(jobIdOf(message))),
    );
    const bytes = [...items.values()].reduce((sum, item) => sum + itemBytes(item), 0) / given.length;
    figures.push(
      { what: `${what}: ${RECORD_COUNTS.bytes}`, value: rounded(bytes, 0), unit: "bytes" },
      { what: `${what}: ${RECORD_COUNTS.writeUnits}`, value: rounded(writeUnits, 3), unit: "each" },
    );
    say(what);
  }
  return figures;
}

async function countAnnouncements(
  kind: (typeof KINDS)[number],
  scope: AsyncDisposableStack,
): Promise<readonly Figure[]> {
  const origin = await startPathsOrigin(BYTES, HOUR_S);
  scope.defer(async () => origin.stop());
  const counted = await CountedRun.start(scope, withRules([["*", "unlimited"]]));
  const stored = Promise.withResolvers<void>();
  let requests = 0;
  let invocations = 0;
  const announcer = await startAnnouncer(
    counted.run.pipeline,
    {
      announcements: kind,
      batchSize: COLLECTED[kind],
      beginsAfter: stored.promise,
      beforeTaking: () => {
        requests += 1;
        return undefined;
      },
      losesCheckpoint: () => {
        invocations += 1;
        return false;
      },
    },
    scope,
  );
  const { bus, pool, reader, stream } = announcer;
  const all = Array.from({ length: 500 / JOBS }, (_, batch) =>
    messages(origin.endpoint, `ok/announced-${batch}`),
  ).flat();
  await counted.run.download(all);
  const [pid = 0] = pool.pids();
  const cpuBefore = await cpuSeconds(pid);
  stored.resolve();
  while (reader.checkpoint() < stream.records.length) await sleep(100);
  const cpuMs = ((await cpuSeconds(pid)) - cpuBefore) * 1000;
  const bytes = bus.taken.reduce((sum, { Detail }) => sum + Buffer.byteLength(Detail), 0);
  const each = { events: bus.billedEvents(), requests, invocations, cpuMs, bytes };
  return (Object.keys(each) as (keyof typeof each)[]).map((name) => ({
    what: `announcements ${kind}: ${ANNOUNCER_COUNTS[name]}`,
    value: rounded(each[name] / all.length, 4),
    unit: name === "cpuMs" ? "CPU-ms" : name === "bytes" ? "bytes" : "each",
  }));
}

export const costPaths: Measurement = {
  about: "billed usage of a job with limits, waits, mirrors or a refresh, of announcements, and of long records",
  async measure(say, scope) {
    requireProc();
    const figures = [...(await countPaths(say, scope)), ...(await countRecords(say, scope))];
    for (const kind of KINDS) {
      figures.push(...(await countAnnouncements(kind, scope)));
      say(`announcements, ${kind}`);
    }
    return {
      figures,
      remarks: [
        `${JOBS} jobs each, in full batches of ten, one worker. The hour of the parked jobs is cut short: their times in`,
        "the table are changed. Announcements: 500, all due at once. CPU time of the announcer includes its start-up work",
        "for the first event.",
      ],
    };
  },
};
