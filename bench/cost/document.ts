/** Renders docs/cost.md from the stored results and the prices. */
import { GATE_OFF, SAMPLED, SECOND_DELIVERY, SIZES, type Counts, type Size } from "./artifacts.ts";
import { metersOf, sumOf, times, totalUsd, usdFor, type Bill } from "./bill.ts";
import { ASSUMED, invocationMs } from "./duration.ts";
import { ENVIRONMENT_NAMES, type EnvironmentName } from "./environments.ts";
import {
  artifactBill,
  idlePollingBill,
  IDLE_POLLERS,
  keepingBill,
  LONG_POLL_S,
  reconcilerBill,
  workOf,
  type Kind,
} from "./models.ts";
import { leversSection, regionsSection } from "./levers.ts";
import { announcedBill, MONTH_JOBS, withAnnouncing } from "./month.ts";
import { moreSections } from "./more-sections.ts";
import { dataTransferHub, HUB_PUBLISHED_USD, naiveLambda, NAIVE_QUOTED_USD } from "./others.ts";
import { PRICES, PRICES_AS_OF, type Meter } from "./prices.ts";
import { MONTH_S } from "./storage.ts";
import {
  announcementsIn,
  countsIn,
  idleRunIn,
  monthlyBillIn,
  settingsIn,
  type StoredResult,
} from "./stored-results.ts";
import { billsTable, dollars, labelled, lineUsd, plain, table } from "./tables.ts";

const MILLION = 1_000_000;
/** A million artifacts are priced with the settings of prod, where point-in-time recovery of the table is on. */
const PRICED_AS = "prod";
const BANDWIDTHS_MBIT = [16, 100, 400] as const;

export function costMarkdown(cost: StoredResult, fixed: StoredResult, paths: StoredResult): string {
  const { longWorkerMemoryMb, workerMemoryMb } = settingsIn(fixed, PRICED_AS);
  const results = { cost, fixed, paths, environmentUsd: environmentUsd(fixed, PRICED_AS) };
  const memoryMbFor = (of: string): number =>
    SIZES.some(({ isLong, name }) => isLong === true && name === of) ? longWorkerMemoryMb : workerMemoryMb;
  const ofMillion = (kind: Kind, name: string, bytes: number, originBytesPerSecond?: number): Bill =>
    times(artifactBill(kind, countsIn(cost, name), bytes, memoryMbFor(name), originBytesPerSecond), MILLION);
  const [smallest = { name: "", bytes: 0, files: 0 }] = SIZES;
  const guarded = ofMillion("guarded", smallest.name, smallest.bytes);
  const { logBytes, logLines } = countsIn(cost, SAMPLED.name);
  const sampledCounts = { ...countsIn(cost, smallest.name), logBytes, logLines };
  const sampledOne = artifactBill("guarded", sampledCounts, smallest.bytes, workerMemoryMb);
  const sampled = times(sampledOne, MILLION);
  const batched = announcedBill("batched", announcementsIn(paths, "batched"), MONTH_JOBS);
  const compared: Bill = { ...guarded, transferOutGb: 0 };
  const bare = times(withAnnouncing(times(compared, 1 / MILLION), {}), MILLION);
  const hub = times(dataTransferHub, MILLION);
  const naive = times(naiveLambda(smallest.bytes), MILLION);
  const ratio = (other: Bill): string => (totalUsd(compared) / totalUsd(other)).toFixed(1);
  const keeping = ({ name, bytes }: Size): Bill => times(keepingBill(countsIn(cost, name), bytes), MILLION);
  const more = (meters: readonly Meter[]): string => dollars(lineUsd(compared, meters) - lineUsd(hub, meters));
  const counted = (name: string, what: keyof Counts): string => {
    const count = countsIn(cost, name)[what];
    return plain(count, count < 100 ? 1 : 0);
  };

  return `<!-- Generated from bench/results and bench/cost by \`npm run generate\`. -->
# What it costs

This page gives dollars for a million artifacts, by size, and dollars by the month for an environment that does nothing.
Quantities are **counted**: the bundled worker downloads real files, and the embedded AWS counts the requests that
arrive (\`npm run bench cost\`, of ${cost.date.slice(0, 10)} on ${cost.machine.cores} cores, ${cost.machine.processor}).
Prices are those of us-east-1, as known on ${PRICES_AS_OF}, each [with its source](#prices). Free tiers and discounts are
left out. Whatever is modelled or assumed is marked as such.

## A million artifacts

First deliveries, full batches, nothing goes wrong.

${billsTable(
  "a million of",
  SIZES.map(({ name, bytes }) => [name, ofMillion("guarded", name, bytes)]),
)}

A download is paid once. Keeping the file is paid by the month:

${table(
  ["kept for a month, a million of", ...SIZES.map(({ name }) => name)],
  [
    ["Content, S3 Standard", ...SIZES.map((size) => dollars(usdFor(keeping(size), "s3GbMonths")))],
    [
      "Record and index entry, recovery included",
      ...SIZES.map((size) => dollars(lineUsd(keeping(size), ["tableGbMonths", "recoveryGbMonths"]))),
    ],
  ],
)}

Data in is free. The functions are in no VPC, so they reach S3, DynamoDB and SQS without a NAT gateway.

## What is counted

${table(
  ["of each", ...SIZES.map(({ name }) => name)],
  (
    [
      ["DynamoDB write units, index included", "writeUnits"],
      ["DynamoDB read units", "readUnits"],
      ["S3 PUT-class requests", "s3Puts"],
      ["S3 GET-class requests", "s3Gets"],
      ["SQS requests, the producer's included", "sqsRequests"],
      ["invocations", "invocations"],
      ["log, bytes", "logBytes"],
      ["log, lines", "logLines"],
      ["record and index entry, bytes", "itemBytes"],
      ["CPU time, ms (measured, this machine)", "cpuMs"],
    ] as const
  ).map(([line, count]) =>
    labelled(
      line,
      SIZES.map(({ name }) => counted(name, count)),
    ),
  ),
)}

A file of 1 GiB is one of the long lane and has an invocation of its own, in ${longWorkerMemoryMb} MB of memory. Of the
smaller files, ten shared one, in ${workerMemoryMb} MB. DynamoDB units are those that the emulator
reports for each request. A lease is renewed each 40 s of a transfer, for 3 write units and one SQS request. The figures
include the renewals of this run over a loopback connection. A slow origin causes more.

## What a second delivery costs, a sample of the log, and the gate

${billsTable(`a million of ${smallest.name}`, [
  ["first delivery", guarded],
  ["with a sample of 10 % of the log", sampled],
  ["the same, announced in batches", times(withAnnouncing(sampledOne, batched), MILLION)],
  ["second delivery of a finished job", ofMillion("duplicate", SECOND_DELIVERY, 0)],
  ["first delivery, gate off", ofMillion("plain", GATE_OFF, smallest.bytes)],
])}

## Others

At the same prices, a million files of ${smallest.name}:

${billsTable(`a million of ${smallest.name}`, [
  ["fetchonce", compared],
  ["Data Transfer Hub", hub],
  ["a naive Lambda", naive],
])}

- **Data Transfer Hub** (the repository aws-solutions/data-transfer-hub, \`plan-deployment/cost.md\`, example
  2, April 2023): 107.4 million files of 10 KB from one S3 bucket to another, with 2 GETs, 1 PUT, 2 writes and 2 SQS
  requests each, and 3,000 hours of t4g.micro. With DynamoDB at today's price that is ${dollars(HUB_PUBLISHED_USD)} a
  million. Its data out ($0.86) and "others" ($0.19), which include CloudWatch, are left out. So is our data out.
- **A naive Lambda**: one message for each invocation, GET, PutObject, and a record before and after. The quoted price,
  ${dollars(NAIVE_QUOTED_USD)}, comes without a breakdown. This breakdown is ours.

The naive Lambda tells nobody what it has stored. Without announcements, fetchonce costs ${dollars(totalUsd(bare))}, which is
${(totalUsd(bare) / totalUsd(naive)).toFixed(2)} times as much. With them, it costs ${ratio(hub)} times as much as the first and ${ratio(naive)} times as
much as the second. This is where the difference to Data Transfer Hub goes:

| | a million | what it pays for |
|---|---|---|
| no GETs from S3 | ${more(["s3Puts", "s3Gets"])} | the same PUT: a small body is verified in memory and put under \`If-None-Match\`, so nothing unverified is ever at a content address, and S3 refuses a second write |
| one more write unit | ${more(["writeUnits", "readUnits"])} | a lease and a fence against zombies, a ledger that replays recorded results, an index that deduplicates, recovery within minutes |
| log | ${more(["logGb", "logGbMonths"])} | ${counted(smallest.name, "logLines")} lines for each artifact: events of each step, packed, which show a job's timeline, and metrics, which objectives are counted from |
| announcements | ${more(["events"])} | consumers are told when a file is stored |
| SQS and computing | ${more(["sqsRequests", "lambdaRequests", "lambdaGbSeconds", "ec2Hours"])} | ten messages for each request and each invocation; nothing runs, and nothing needs patches, while there is no work |

As described, neither of the others stores each content only once, resumes in the middle of a file after a crash, or
shuts out a zombie. If you need none of that, turn the gate off.

## An environment, by the month

Counted from the synthesized templates (\`npm run bench fixed-costs\`, of ${fixed.date.slice(0, 10)}). A test compares them
with today's templates.

${environmentsTable(fixed)}

An idle event source mapping keeps ${IDLE_POLLERS} long polls of ${LONG_POLL_S} s open:
${IDLE_POLLERS} x ${plain(MONTH_S)} s / ${LONG_POLL_S} s = ${plain(
    idlePollingBill(1).sqsRequests ?? 0,
  )} requests that find nothing. The rollout controller and the batch follower (one
read of the table a minute each, while there is no rollout and no batch) and the readers of the idle stream cost cents
and are left out; so is the follower's LIST request a minute, which costs $0.22 a month. An idle run of the
reconciler is ${plain(idleRunIn(fixed).requests)} requests, counted on an empty table and an empty bucket.

${moreSections(results)}
${regionsSection(results)}
${leversSection(results)}
## How long an invocation takes

This is the only figure here that is a **model, not a measurement**. An invocation takes

    latencies of one artifact + copy +
      the longest of: CPU of all / share of a vCPU, bytes of all / function, bytes of one / origin

The CPU time is the one measured here (x64; Lambda's Arm may take more or less). 1,769 MB of memory get one vCPU. The
other assumptions are:

- ${(8 * ASSUMED.originBytesPerSecond) / 1e6} Mbit/s from the origin for one file, and ${ASSUMED.originMs} ms to the first byte of its answer
- ${(8 * ASSUMED.functionBytesPerSecond) / 1e6} Mbit/s for a function
- ${ASSUMED.copyBytesPerSecond / 1e6} MB/s for CopyObject
- ${ASSUMED.dynamodbMs} ms for a DynamoDB request, and ${ASSUMED.s3Ms} ms for an S3 request
- no cold starts

${table(
  ["an invocation, modelled", ...SIZES.map(({ name }) => name)],
  [
    [
      "seconds",
      ...SIZES.map(({ name, bytes }) =>
        plain(invocationMs(workOf("guarded", countsIn(cost, name), bytes), memoryMbFor(name)) / 1000, 2),
      ),
    ],
    ...BANDWIDTHS_MBIT.map((mbit) =>
      labelled(
        `a million artifacts, in all, when the origin gives a file ${mbit} Mbit/s`,
        SIZES.map(({ name, bytes }) => dollars(totalUsd(ofMillion("guarded", name, bytes, (mbit * 1e6) / 8)))),
      ),
    ),
  ],
)}

Also assumed:

- The announcer takes 100 jobs at a time, in ten requests of 30 ms. (Lambda reads the stream for free.)
- A worker reads the record of the job that it holds every 3 s, to learn that it was cancelled: a read unit for 4 KB.
  Here that is none for a file that takes less. A transfer of a minute takes 20, or $2.50 a million.
- For each artifact 4 KiB are sent to the origin.
- Lambda writes 400 bytes in three lines for each invocation. CloudWatch adds 26 bytes to a line, and stores logs at
  15 % of their size.

Not included:

- retries and crashes
- TCP acknowledgements (we found nothing on whether they are billed)
- the buckets' access logs (AWS bills only their storage)
- notifications of alarms
- rotations of the KMS key ($1 more for each of the first two)

## Prices

The prices are in \`bench/cost/prices.ts\`. "remembered" means that the price is known, but that no dated
source was found.

${table(
  ["price", "USD", "for", "authoritative page", "read in"],
  Object.values(PRICES).map(({ what, usd, per, unit, page, readIn }) => [
    what,
    plain(usd, 4),
    `${plain(per)} ${unit}`,
    page,
    readIn,
  ]),
)}
`;
}

function environmentBills(fixed: StoredResult, name: EnvironmentName) {
  const { reconcilerMemoryMb, minutesBetweenRuns, polledQueues } = settingsIn(fixed, name);
  const reconciler = reconcilerBill(idleRunIn(fixed), reconcilerMemoryMb, minutesBetweenRuns);
  return {
    name,
    resources: monthlyBillIn(fixed, name),
    reconciler,
    polledQueues,
    polling: idlePollingBill(polledQueues),
  };
}

function environmentUsd(fixed: StoredResult, name: EnvironmentName): number {
  const { polling, reconciler, resources } = environmentBills(fixed, name);
  return totalUsd(sumOf(resources, reconciler, polling));
}

function environmentsTable(fixed: StoredResult): string {
  const columns = ENVIRONMENT_NAMES.map((name) => environmentBills(fixed, name));
  const [first] = columns;
  const meters = metersOf(first?.resources ?? {});
  return table(
    ["a month of", ...columns.map(({ name }) => name)],
    [
      ...meters.map((meter) =>
        labelled(
          PRICES[meter].what,
          columns.map(({ resources }) => `${plain(resources[meter] ?? 0)}: ${dollars(usdFor(resources, meter))}`),
        ),
      ),
      ["The reconciler, with nothing to do", ...columns.map(({ reconciler }) => dollars(totalUsd(reconciler)))],
      [
        "Polling the empty queues",
        ...columns.map(({ polledQueues, polling }) => `${polledQueues}: ${dollars(totalUsd(polling))}`),
      ],
      ["**In all**", ...columns.map(({ name }) => `**${dollars(environmentUsd(fixed, name))}**`)],
    ],
  );
}
