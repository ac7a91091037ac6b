/** The sections of docs/cost.md beyond the straight way of a job: other ways, records, announcements, a month. */
import { GATE_OFF, SAMPLED, SIZES, type Counts } from "./artifacts.ts";
import { sumOf, times, totalUsd, type Bill } from "./bill.ts";
import { invocationMs } from "./duration.ts";
import { announcementBill, artifactBill, REQUEST_BYTES_OUT, usageBill } from "./models.ts";
import { announcedBill, collectedAt, MONTH_JOBS, SHARDS, withAnnouncing, type Announcing } from "./month.ts";
import { PER_SECOND, RECORDS, type Path } from "./paths.ts";
import { PRICES, type Meter } from "./prices.ts";
import { GB } from "./storage.ts";
import { announcementsIn, countsIn, pathCountsIn, recordIn, settingsIn, type StoredResult } from "./stored-results.ts";
import { billsTable, dollars, labelled, lineUsd, plain, table } from "./tables.ts";

const MILLION = 1_000_000;
export const SMALL = SIZES[0] ?? { name: "", bytes: 0, files: 0 };
export interface Results {
  readonly cost: StoredResult;
  readonly fixed: StoredResult;
  readonly paths: StoredResult;
  /** An environment's month without jobs. */
  readonly environmentUsd: number;
}

/** Requests one after the other, and what the host's pace makes an invocation wait. */
const WORK: Readonly<Record<Path, { origin: number; dynamodb: number; s3: number; waitMs?: number }>> = {
  unlimited: { origin: 2, dynamodb: 3, s3: 1 },
  connections: { origin: 2, dynamodb: 5, s3: 1 },
  pace: { origin: 2, dynamodb: 5, s3: 1, waitMs: (1000 * 2 * 10) / PER_SECOND },
  // Of each of its two invocations.
  parked: { origin: 2, dynamodb: 4, s3: 1 },
  mirror: { origin: 4, dynamodb: 3, s3: 1 },
  refresh: { origin: 2, dynamodb: 8, s3: 2 },
};

export function pathBill({ fixed, paths }: Results, path: Path): Bill {
  const counts = pathCountsIn(paths, path);
  const { workerMemoryMb } = settingsIn(fixed, "prod");
  const { dynamodb, origin, s3, waitMs = 0 } = WORK[path];
  const work = {
    files: 1 / counts.invocations,
    bytes: SMALL.bytes,
    cpuMs: counts.cpuMs,
    originRequests: origin,
    dynamodbRequests: dynamodb,
    s3Requests: s3,
    copiedBytes: 0,
  };
  const visits = path === "parked" || path === "mirror" ? 2 : 1;
  return sumOf(usageBill(counts, invocationMs(work, workerMemoryMb) + waitMs, workerMemoryMb), announcementBill(), {
    transferOutGb: (visits * REQUEST_BYTES_OUT) / GB,
  });
}

const WAYS: Readonly<Record<Path, string>> = {
  unlimited: "host without limits",
  connections: "16 connections",
  pace: `${PER_SECOND} requests a second`,
  mirror: "first URL answers 404",
  parked: "parked for an hour",
  refresh: "refreshed, nothing new",
};
const WAY_NAMES = Object.keys(WAYS) as readonly Path[];

function waysSection(results: Results): string {
  const { paths } = results;
  const counted = (line: string, name: keyof Counts): readonly string[] =>
    labelled(
      line,
      WAY_NAMES.map((path) => plain(pathCountsIn(paths, path)[name], pathCountsIn(paths, path)[name] < 100 ? 2 : 0)),
    );
  return `## Jobs that do not go straight

Each of 10 KiB, ten in a batch, counted on the same embedded AWS (\`npm run bench -- cost-paths\`, of
${paths.date.slice(0, 10)}; it measured its own column of a host without limits, so its CPU times compare with one another).

${billsTable(
  "a million of 10 KiB",
  WAY_NAMES.map((path) => [WAYS[path], times(pathBill(results, path), MILLION)]),
)}

${table(
  ["of each", ...WAY_NAMES.map((path) => WAYS[path])],
  [
    counted("DynamoDB write units, index included", "writeUnits"),
    counted("DynamoDB read units", "readUnits"),
    counted("S3 PUT-class requests", "s3Puts"),
    counted("S3 GET-class requests", "s3Gets"),
    counted("SQS requests, the producer's included", "sqsRequests"),
    counted("invocations", "invocations"),
    counted("log, bytes", "logBytes"),
    counted("CPU time, ms (measured, this machine)", "cpuMs"),
  ],
)}

- **A host with limits** costs its item's writes: two for a batch of its connections, or of its pace, not for
  each job. With ${PER_SECOND} requests a second, ten jobs take an invocation a second longer, and that is what
  it costs.
- **Parked**: HEAD and GET are answered with 429 and \`Retry-After: 3600\`. The lease that is given back puts the record
  into the index \`watch\`, the dispatcher takes it out, and a second lease and its end follow. What the reconciler's
  queries cost is counted by the month. Its log is not packed, since it had trouble.
- **A mirror** is asked within the same attempt: two more requests to an origin, and three more events.
- **A refresh** that finds nothing new fetches nothing and puts nothing. But it reads the generation before it
  and asks S3 for its object, twice, and names itself the newest. So it costs more writes than a download, and
  less in all.
`;
}

function recordsSection({ paths }: Results): string {
  const base = recordIn(paths, "short").writeUnits;
  const rows = (Object.keys(RECORDS) as (keyof typeof RECORDS)[]).map((name) => {
    const { bytes, writeUnits } = recordIn(paths, name);
    const more = ((writeUnits - base) * PRICES.writeUnits.usd * MILLION) / PRICES.writeUnits.per;
    return [RECORDS[name].what, plain(bytes, 0), plain(writeUnits, 1), dollars(more)];
  });
  return `## What a long record costs

DynamoDB bills a write by the KiB of the whole item. A small job's record stays below one, so each of its writes
is one unit. URLs, names and metadata are in the record, so long ones cost more:

${table(["a small job, its names of a few characters", "bytes of its record", "write units", "more for a million"], rows)}

The last write has most in it. Of a record just above 1 KiB only that one costs two units; the index entry of
the content stays small. Mirrors, request headers, digests and a \`refresh\` are in the record as well.
`;
}

function announcementsSection({ paths }: Results): string {
  const counts = announcementsIn(paths, "batched");
  const rates = [1_000_000, 10_000_000, MONTH_JOBS, 1_000_000_000];
  const kinds = ["single", "batched"] as const;
  return `## Announcements

EventBridge bills each 64 KB of an event as one. Counted with the bundled announcer, 500 due at once: batched,
${plain(counts.events, 4)} events for each file (${plain(1 / counts.events, 0)} files in an event, of ${plain(counts.bytes, 0)} bytes each),
${plain(counts.requests, 4)} requests. In practice a batch is what ends within ten seconds on one of the ${SHARDS} shards, or more, of the
table's stream. If jobs end evenly over the month, which is the worst for batches, a million announcements cost:

${table(
  ["files a month", ...rates.map((rate) => `${plain(rate / MILLION)} million`)],
  [
    labelled(
      "files in a batch",
      rates.map((rate) => plain(collectedAt(rate, "batched"), 1)),
    ),
    ...kinds.map((kind) =>
      labelled(
        `\`${kind}\``,
        rates.map((rate) => dollars(totalUsd(times(announcedBill(kind, counts, rate), MILLION)))),
      ),
    ),
    labelled(
      "`none`",
      rates.map(() => dollars(0)),
    ),
  ],
)}

Rules are free; the messages that they send to a queue are not, and there are as many less of them.
`;
}

export function smallBill({ cost, fixed }: Results, name: string, memoryMb?: number): Bill {
  const { workerMemoryMb } = settingsIn(fixed, "prod");
  const kind = name === GATE_OFF ? "plain" : "guarded";
  return artifactBill(kind, countsIn(cost, name), SMALL.bytes, memoryMb ?? workerMemoryMb);
}

/** With a sample of the log, and otherwise what the usual run counted. */
export function sampledBill({ cost, fixed }: Results): Bill {
  const { logBytes, logLines } = countsIn(cost, SAMPLED.name);
  const { workerMemoryMb } = settingsIn(fixed, "prod");
  return artifactBill("guarded", { ...countsIn(cost, SMALL.name), logBytes, logLines }, SMALL.bytes, workerMemoryMb);
}

function monthSection(results: Results): string {
  const counts = announcementsIn(results.paths, "batched");
  const row = (gate: string, announcing: Announcing, log: string, artifact: Bill): readonly string[] => {
    const bill = times(artifact, MONTH_JOBS);
    const of = (meters: readonly Meter[]): string => dollars(lineUsd(bill, meters));
    return [
      gate,
      announcing,
      log,
      of(["writeUnits", "readUnits"]),
      of(["s3Puts", "s3Gets"]),
      of(["logGb", "logGbMonths"]),
      of(["events"]),
      of(["sqsRequests", "lambdaRequests", "lambdaGbSeconds"]),
      of(["transferOutGb"]),
      `**${dollars(totalUsd(bill) + results.environmentUsd)}**`,
    ];
  };
  const guarded = smallBill(results, SMALL.name);
  const kinds = ["single", "batched", "none"] as const;
  const at = (kind: Announcing): Bill => announcedBill(kind, counts, MONTH_JOBS);
  const sampled = sampledBill(results);
  return `## A month of 100 million

100 million files of 10 KiB, evenly over the month, in prod (${dollars(results.environmentUsd)} of the last column). The
content itself, and records and index entries, are kept for as long as you say: [above](#a-million-artifacts).

${table(
  [
    "gate",
    "announcements",
    "log",
    "DynamoDB",
    "S3",
    "log",
    "EventBridge",
    "SQS and Lambda",
    "data out (assumed)",
    "in all",
  ],
  [
    ...kinds.map((kind) => row("on", kind, "all", withAnnouncing(guarded, at(kind)))),
    ...kinds.map((kind) => row("on", kind, "10 %", withAnnouncing(sampled, at(kind)))),
    row("off", "none", "all", smallBill(results, GATE_OFF)),
  ],
)}

With the gate off nothing is announced, whatever the setting says.
`;
}

export const moreSections = (results: Results): string =>
  [waysSection, recordsSection, announcementsSection, monthSection].map((section) => section(results)).join("\n");
