/** Renders docs/scale.md from the answers of the model. */
import { ASSUMED } from "../cost/duration.ts";
import { billsTable, plain } from "../cost/tables.ts";
import { JOBS_A_SECOND, type Answers } from "./answers.ts";
import { PROD_CONCURRENCY, SHARDS, SHOWN_BY_HEAD_MS } from "./deployments.ts";
import { HAND_OVER, LONG } from "./loads.ts";
import { quota } from "./quotas.ts";
import {
  ceilingsTable,
  drainsTable,
  lanesTable,
  percent,
  quotasTable,
  ratesTable,
  sizesTable,
  summaryTable,
  usd,
  waitingTable,
  whole,
} from "./tables.ts";

export function scaleMarkdown(answers: Answers): string {
  const { lanes, rates, sizes, drains, waiting, ceilings } = answers;
  return `<!-- Generated from bench/capacity by \`npm run generate\`. -->
# How far it scales

This page says for ${JOBS_A_SECOND.map(whole).join(", ")} jobs a second: which limit of AWS's binds, and which one is next; how many Lambda
environments it takes; what a month costs; how long a backlog takes to drain. It is a **model, not a measurement**: an
event-driven simulation of queues, workers and limits in virtual time (\`npm run bench -- capacity\`). The same code gives
the same numbers, and a test compares this page with them. Nobody has run this load on AWS.

A job is a file of 10 KiB; 1 in 100 is a long one of 1 GiB, which takes ${LONG.ms / 1000} s. Requests of a job are those counted for
[the cost page](cost.md). [What is assumed](#what-is-assumed) is listed below.

## In short

${summaryTable(sizes, drains)}

"Sized" means two lanes with the settings of [this table](#what-it-takes), in a new deployment. A backlog is drained with
nothing else arriving.

## One lane or two

A batch of ten ends when its slowest job ends. With 1 % of long jobs, ${percent(1 - (1 - LONG.share) ** 10)} of the batches hold one. With two
lanes, a job that shows to be long is handed over: its message is sent to a queue of its own, where it is a batch of one.
${PROD_CONCURRENCY} environments for each lane, an endless backlog, no other limit:

${lanesTable(lanes)}

- **When** a job is handed over decides. HEAD shows a length after ${SHOWN_BY_HEAD_MS} ms, which is before the batch ends anyway. If only
  time shows it, the batch waits that long: one second costs a tenth, and a minute costs almost everything. A slow
  origin without lengths therefore needs more environments of the short lane, or to be known to be slow.
- **Two lanes save no Lambda time.** A long job keeps one environment for ${LONG.ms / 1000} s in either case. What they save is
  the wait of the nine others. The long jobs need their own environments: 1 job a second needs ${plain((LONG.share * LONG.ms) / 1000, 2)} for its
  long share, and ${plain((1 - LONG.share) * 0.046, 3)} for the rest.

## Which limit binds

Simulated, from an empty queue, measured in minutes 5 to 20. "Next" is the lowest of the other limits, with the rate at
which it binds.

In a **new** deployment (in "sized", the table has been warmed):

${ratesTable(rates, "atFirst")}

**After hours** of such load, when the table has grown to its quota, S3 has split its partitions, and the mappings have
scaled up:

${ratesTable(rates, "afterHours")}

"One lane" is version 0.2.0 with the settings of prod: concurrency ${PROD_CONCURRENCY}, ${SHARDS.before} shards. "Two lanes" has
${PROD_CONCURRENCY} for each lane and ${SHARDS.now} shards.

What each limit lets through alone, in jobs a second, by arithmetic. What can grow counts with what it starts at:

${ceilingsTable(ceilings)}

## What it takes

With 25 % of headroom:

${sizesTable(sizes)}

The simulated mapping takes what messages there are, without a window. So more environments than needed make smaller
batches, which cost more SQS requests, invocations and log: a concurrency far above the need is not free.

## What a month costs

${billsTable(
  "a month of",
  sizes.flatMap(({ jobsASecond, bill, billWithoutLong }) => [
    [`${whole(jobsASecond)} jobs/s`, bill],
    [`${whole(jobsASecond)} jobs/s, none long`, billWithoutLong],
  ]),
  usd,
)}

Prices, and what is left out: [the cost page](cost.md#prices). Keeping the content is not in it. List prices: above some
7.5 billion GB-seconds a month Lambda is cheaper, and at these sums AWS negotiates. The price of a provisioned poller is
remembered, not found in a dated source.

## A backlog

From a new deployment, until the short lane has nothing left, and until all is done:

${drainsTable(drains)}

The long jobs of a backlog decide when all is done, unless the long lane is sized for them. With one lane they decide
when *anything* is done.

## Jobs that wait

1,000 jobs a second, 1 in 20 of which is asked to wait an hour, for an hour. A queue hands out nothing once
${whole(quota("inFlight"))} of its messages are received and not deleted, and gives no error:

${waitingTable(waiting)}

## AWS's limits

Defaults of us-east-1 where regions differ. They are data in \`bench/capacity/quotas.ts\`.

${quotasTable()}

In most regions EventBridge announces ${whole(quota("announcementsElsewhere"))} files a second with one rule. What exceeds it is late, and no download waits for
it ([Deploying](deploying.md#announcements)).

## What is assumed

- An invocation takes the time that [the cost page models](cost.md#how-long-an-invocation-takes): ${ASSUMED.originMs} ms to the origin's first byte,
  ${ASSUMED.dynamodbMs} ms for DynamoDB, ${ASSUMED.s3Ms} ms for S3, no cold starts. Every small file takes the same time.
- Arrivals are independent of each other (Poisson), and so are lengths. Real manifests come in runs of one host.
- A limit that is reached makes work wait, and nothing is lost or repeated. In truth, requests are throttled and tried
  again, which costs time and requests. The simulation is right about where the wall is, and too kind about hitting it.
- The whole use of a batch is taken when it starts. Throttling is smoothed over a second.
- A mapping starts with ${quota("mappingStart")} invocations, gets ${quota("mappingMoreAMinute")} more a minute while messages are waiting, and never shrinks.
- Table and index double what their busiest minute used, every ${quota("tableGrowsMinutes")} minutes. So does S3, every ${quota("s3GrowsMinutes")} minutes: AWS says
  "30 to 60" and promises nothing. Keys are spread evenly over the partitions.
- S3 counts a DELETE like a PUT: a small file's staging object takes one of each.
- Handing a job over takes ${HAND_OVER.tableUnits + HAND_OVER.indexUnits} write units and ${HAND_OVER.sqsRequests} SQS requests. A lease is renewed each 40 s.
- All limits have the room that this load alone needs: ${whole(Math.max(...JOBS_A_SECOND) * LONG.share)} files of 1 GiB a second are 100 GiB/s from their origins.
- Not modelled: cold starts, CloudWatch, crashes and their recovery, a single busy host, the limits of origins, and the
  environments of other functions in the account.
`;
}
