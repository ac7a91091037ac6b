/** docs/cost.md, from the stored results and the prices. */
import { GATE_OFF, SECOND_DELIVERY, SIZES, type Counts, type Size } from "./artifacts.ts";
import { metersOf, sumOf, times, totalUsd, usdFor, type Bill } from "./bill.ts";
import { ASSUMED, invocationMs } from "./duration.ts";
import { ENVIRONMENT_NAMES } from "./environments.ts";
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
import { dataTransferHub, HUB_PUBLISHED_USD, naiveLambda, NAIVE_QUOTED_USD } from "./others.ts";
import { PRICES, PRICES_AS_OF, type Meter } from "./prices.ts";
import { MONTH_S } from "./storage.ts";
import { countsIn, idleRunIn, monthlyBillIn, settingsIn, type StoredResult } from "./stored-results.ts";

const MILLION = 1_000_000;
/** The prices of a million artifacts are those of prod, where recovery of the table is on. */
const PRICED_AS = "prod";
const BANDWIDTHS_MBIT = [16, 100, 400] as const;

const labelled = (label: string, cells: readonly string[]): readonly string[] => [label, ...cells];
const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
const table = (heading: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(heading), `|${"---|".repeat(heading.length)}`, ...rows.map(row)].join("\n");

const CENTS = { minimumFractionDigits: 2, maximumFractionDigits: 2 };
const dollars = (usd: number): string => `${usd < -0.005 ? "-" : ""}$${Math.abs(usd).toLocaleString("en-US", CENTS)}`;
const plain = (value: number, decimals = 3): string =>
  value.toLocaleString("en-US", { maximumFractionDigits: decimals });

/** Prices that are shown together, under a name that says less. */
const LINES: readonly (readonly [line: string, meters: readonly Meter[]])[] = [
  ["DynamoDB, write and read units", ["writeUnits", "readUnits"]],
  ["S3 requests", ["s3Puts", "s3Gets"]],
  ["SQS requests", ["sqsRequests"]],
  ["Lambda, requests", ["lambdaRequests"]],
  ["Lambda, duration (modelled)", ["lambdaGbSeconds"]],
  ["EC2", ["ec2Hours"]],
  ["EventBridge, one announcement each (not counted here)", ["events"]],
  ["CloudWatch Logs, taken in and kept for 3 months", ["logGb", "logGbMonths"]],
  ["Storage while staged", ["s3GbMonths"]],
  ["Data out: requests to the origin (assumed)", ["transferOutGb"]],
];

const lineUsd = (bill: Bill, meters: readonly Meter[]): number =>
  meters.reduce((sum, meter) => sum + usdFor(bill, meter), 0);

/** A column a bill, of a million; lines that are nothing everywhere are left out. */
function billsTable(heading: string, bills: readonly (readonly [string, Bill])[]): string {
  const rows = LINES.filter(([, meters]) => bills.some(([, bill]) => lineUsd(bill, meters) >= 0.0005)).map(
    ([line, meters]) =>
      labelled(
        line,
        bills.map(([, bill]) => dollars(lineUsd(bill, meters))),
      ),
  );
  const total = ["**In all**", ...bills.map(([, bill]) => `**${dollars(totalUsd(bill))}**`)];
  return table([heading, ...bills.map(([name]) => name)], [...rows, total]);
}

export function costMarkdown(cost: StoredResult, fixed: StoredResult): string {
  const { workerMemoryMb } = settingsIn(fixed, PRICED_AS);
  const ofMillion = (kind: Kind, name: string, bytes: number, originBytesPerSecond?: number): Bill =>
    times(artifactBill(kind, countsIn(cost, name), bytes, workerMemoryMb, originBytesPerSecond), MILLION);
  const [smallest = { name: "", bytes: 0, files: 0 }] = SIZES;
  const guarded = ofMillion("guarded", smallest.name, smallest.bytes);
  const compared: Bill = { ...guarded, transferOutGb: 0 };
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

Dollars for a million artifacts, by size, and by the month for an environment that does nothing. Quantities are **counted**: the
bundled worker downloads real files, and the embedded AWS counts what arrives (\`npm run bench cost\`, of ${cost.date.slice(0, 10)} on
${cost.machine.cores} cores, ${cost.machine.processor}). Prices are those of us-east-1 as far as known on ${PRICES_AS_OF}, each
[with its source](#prices). Free tiers and discounts are left out. What is modelled or assumed says so.

## A million artifacts

First deliveries, full batches, nothing goes wrong.

${billsTable(
  "a million of",
  SIZES.map(({ name, bytes }) => [name, ofMillion("guarded", name, bytes)]),
)}

To download is paid for once; to keep is paid for by the month:

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

Data in is free. S3, DynamoDB and SQS are reached without a NAT gateway: the functions are in no VPC.

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

Two files of 1 GiB shared an invocation; of the others ten did. DynamoDB's units are those that the emulator reports for each
request. A lease is renewed each 40 s of a transfer, for 3 write units and one SQS request: the figures hold the renewals there
were here, over a loopback connection, and a slow origin makes more.

## What a second delivery costs, and what the gate costs

${billsTable(`a million of ${smallest.name}`, [
  ["first delivery", guarded],
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

- **Data Transfer Hub** (aws-solutions/data-transfer-hub, \`docs/en-base/plan-deployment/cost.md\`, example 2, April 2023): 107.4 million
  files of 10 KB from one S3 bucket to another, with 2 GETs, 1 PUT, 2 writes and 2 SQS requests each, and 3,000 hours of t4g.micro.
  With DynamoDB at today's price these are ${dollars(HUB_PUBLISHED_USD)} a million. Its data out ($0.86) and "others" ($0.19), CloudWatch
  among them, are left out; of ours the data out is.
- **A naive Lambda**: a message an invocation, GET, PutObject, a record before and after. What is quoted for it, ${dollars(NAIVE_QUOTED_USD)}, comes
  without its composition; this is ours.

fetchonce costs ${ratio(hub)} times the one and ${ratio(naive)} times the other. Where the difference to Data Transfer Hub goes:

| | a million | for that |
|---|---|---|
| a second PUT-class request, no GETs | ${more(["s3Puts", "s3Gets"])} | bodies are staged, verified whole, and copied under \`If-None-Match\`: nothing unverified is ever at a content address, and S3 refuses a second write |
| six more write units | ${more(["writeUnits", "readUnits"])} | a lease and a fence against zombies, a ledger that replays what was done, an index that deduplicates, recovery in minutes |
| log | ${more(["logGb", "logGbMonths"])} | ${counted(smallest.name, "logLines")} lines an artifact: nine kinds of events from which objectives are counted and a job's timeline is read |
| announcements | ${more(["events"])} | who waits for a file is told that it is there |
| SQS and computing | ${more(["sqsRequests", "lambdaRequests", "lambdaGbSeconds", "ec2Hours"])} | ten messages a request and an invocation; nothing runs, and nothing is patched, while there is nothing to do |

As described, neither of the others keeps one content once, goes on in the middle of a file after a crash, or shuts a zombie out.
Whoever needs none of that turns the gate off.

## An environment, by the month

Counted from the synthesized templates (\`npm run bench fixed-costs\`, of ${fixed.date.slice(0, 10)}); a test compares them with today's.

${environmentsTable(fixed)}

An idle event source mapping keeps ${IDLE_POLLERS} long polls of ${LONG_POLL_S} s open: ${IDLE_POLLERS} x ${plain(MONTH_S)} s / ${LONG_POLL_S} s = ${plain(
    idlePollingBill().sqsRequests ?? 0,
  )} requests that find nothing.
The rollout controller, one read of the table a minute while no rollout is on its way, and the readers of the idle stream
are cents, and left out. An idle run of the reconciler is ${plain(idleRunIn(fixed).requests)} requests, counted on an empty table and bucket.

## How long an invocation takes

The only figure here that is a **model and no measurement**. An invocation takes

    latencies of one artifact + copy + the longest of: CPU of all / share of a vCPU, bytes of all / function, bytes of one / origin

with CPU time as measured here (x64; Lambda's Arm may take more or less), 1,769 MB a vCPU, and these assumptions: ${
    (8 * ASSUMED.originBytesPerSecond) / 1e6
  } Mbit/s
from the origin for one file, ${(8 * ASSUMED.functionBytesPerSecond) / 1e6} Mbit/s for a function, ${ASSUMED.copyBytesPerSecond / 1e6} MB/s for CopyObject, ${ASSUMED.originMs} ms to the first byte
of an answer of the origin, ${ASSUMED.dynamodbMs} ms of DynamoDB, ${ASSUMED.s3Ms} ms of S3. Cold starts are not in here.

${table(
  ["an invocation, modelled", ...SIZES.map(({ name }) => name)],
  [
    [
      "seconds",
      ...SIZES.map(({ name, bytes }) =>
        plain(invocationMs(workOf("guarded", countsIn(cost, name), bytes), workerMemoryMb) / 1000, 2),
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

Also assumed: the announcer takes 100 jobs at a time, in ten requests of 30 ms (the stream's reads by Lambda are free); 4 KiB leave for the origin for each artifact, Lambda writes 400 bytes in three lines an invocation, CloudWatch adds 26
bytes to a line and keeps logs at 15 % of their size. Not in here: retries and crashes, TCP's acknowledgements (nothing was found on
whether they are billed), access logs of the buckets (their storage alone is billed), alarms that are sent, a rotated KMS key ($1
more for each of the first two rotations).

## Prices

In bench/cost/prices.ts. "Remembered" means: known, and found in no dated source.

${table(
  ["price", "USD", "for", "decided by", "read in"],
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

function environmentsTable(fixed: StoredResult): string {
  const columns = ENVIRONMENT_NAMES.map((name) => {
    const { reconcilerMemoryMb, minutesBetweenRuns } = settingsIn(fixed, name);
    return {
      name,
      resources: monthlyBillIn(fixed, name),
      reconciler: reconcilerBill(idleRunIn(fixed), reconcilerMemoryMb, minutesBetweenRuns),
    };
  });
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
      ["Polling an empty queue", ...columns.map(() => dollars(totalUsd(idlePollingBill())))],
      [
        "**In all**",
        ...columns.map(
          ({ resources, reconciler }) => `**${dollars(totalUsd(sumOf(resources, reconciler, idlePollingBill())))}**`,
        ),
      ],
    ],
  );
}
