/** Renders docs/scale.md from the answers of the model. */
import { ASSUMED } from "../cost/duration.ts";
import { billsTable, plain } from "../cost/tables.ts";
import { JOBS_A_SECOND, type Answers } from "./answers.ts";
import { PROD_CONCURRENCY, SHARDS, SHOWN_BY_HEAD_MS } from "./deployments.ts";
import { HAND_OVER, LONG, REGROUP_BATCH_MS } from "./loads.ts";
import { quota } from "./quotas.ts";
import {
  ceilingsTable,
  drainsTable,
  groupsTable,
  lanesTable,
  percent,
  quotasTable,
  ratesTable,
  sizesTable,
  summaryTable,
  bindingTable,
  usd,
  waitingTable,
  whole,
} from "./tables.ts";

export function scaleMarkdown(answers: Answers): string {
  const { lanes, rates, sizes, drains, waiting, ceilings } = answers;
  const shortEnvironments = PROD_CONCURRENCY / (lanes[0]?.jobsASecond ?? Number.NaN);
  return `<!-- Generated from bench/capacity by \`npm run generate\`. -->
# How far it scales

For ${new Intl.ListFormat("en").format(JOBS_A_SECOND.map(whole))} jobs a second: which limit of AWS's binds, and which one is next; how many
Lambda environments it takes; what a month costs; how long a backlog takes to drain. This is a **model, not a
measurement**: an event-driven simulation of queues, workers and limits in virtual time
(\`npm run bench -- capacity\`). The same code gives the same numbers, and a test compares this page with them. Nobody
has run this load on AWS.

A job is a file of 10 KiB; 1 in 100 is a long one of 1 GiB, which takes ${LONG.ms / 1000} s. The requests of a job are those counted
for [the cost page](cost.md). [What is assumed](#what-is-assumed) is listed below.

## In short

In a new deployment. "Two lanes" has the settings of prod; "sized" has those of [this table](#what-it-takes):

${bindingTable(answers)}

So ${whole(Math.max(...JOBS_A_SECOND))} jobs a second are reached only after hours, when S3 has split the partitions of both buckets
([below](#which-limit-binds)). AWS's support can do that before.

${summaryTable(answers)}

The environments are those of the worker, as a mean. The backlog is drained by a new deployment, with nothing else
arriving.

## One lane or two

A batch of ten ends when its slowest job ends. With 1 % of long jobs, ${percent(1 - (1 - LONG.share) ** 10)} of the batches hold one. With
two lanes, a job that shows to be long is handed over: a message is sent to another queue, where it is a batch of one.
An endless backlog, ${PROD_CONCURRENCY} environments for each lane, and no other limit:

${lanesTable(lanes)}

- **When** a job is handed over decides. HEAD shows a length after ${SHOWN_BY_HEAD_MS} ms, before the others of the batch are done. If
  only time shows it, the batch waits that long: one second costs a tenth, and a minute costs almost everything. So a
  job that is long because its origin is slow is not helped by a late handing over. Its host must be known to be slow,
  or the short lane needs more environments.
- **Two lanes save no Lambda time.** A long job keeps one environment for ${LONG.ms / 1000} s in either case. What they save is
  the wait of the nine others. One job a second needs ${plain((LONG.share * LONG.ms) / 1000, 2)} environments of the long lane, and ${plain(shortEnvironments, 3)} of the
  short one. What the long lane lacks waits in its own queue, and only long jobs wait there.

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

Prices, and what is left out: [the cost page](cost.md#prices). Keeping the content is not in it. These are
list prices: what AWS takes off for much of something is left out. The price of a provisioned poller is remembered, not
found in a dated source.

## A backlog

From a new deployment, until the short lane has nothing left, and until all is done:

${drainsTable(drains)}

The long jobs of a backlog decide when all is done, unless the long lane is sized for them. With one lane they decide
when *anything* is done.

## A producer that sends no groups

SQS gives the messages of quiet groups first, where a group has more than a tenth of what is in flight. It takes each
message without a group for one of its own, so a backlog of them is never the noisy one: a job of another host waits
until all that came before it were received. With the host as the group, and the whole backlog of one host, the job is
received next.

Workers send every message of theirs with its group. If a producer named none, and the message has waited for
\`regroupAfterMs\` (a minute) before its first delivery, there is a backlog: the worker sends it again with its group, and
works on what is younger ([ADR 0018](adr/0018-messages-without-a-group-are-sent-again.md)). So a new host's job waits
until those before it were sent again, and not until they were worked on. When nobody has to wait for a place at a host:

${groupsTable(drains)}

It takes three tenths of an SQS request more for each job: $0.12 a million. The producer can name the host for nothing
([messages](messages.md)). How fast SQS notices a noisy group is AWS's matter, and is not modelled.

## Jobs that wait

1,000 jobs a second, 1 in 20 of which is asked to wait an hour, for an hour. A queue hands out nothing once
${whole(quota("inFlight"))} of its messages are received and not deleted, and gives no error:

${waitingTable(waiting)}

## AWS's limits

Defaults of us-east-1 where regions differ. They are data in \`bench/capacity/quotas.ts\`.

${quotasTable()}

In most regions EventBridge announces ${whole(quota("announcementsElsewhere"))} files a second with one rule. What exceeds it is late, and no download
waits for it ([Deploying](deploying.md#announcements)).

## What is assumed

- An invocation takes the time that [the cost page models](cost.md#how-long-an-invocation-takes): ${ASSUMED.originMs} ms to the first
  byte of an origin, ${ASSUMED.dynamodbMs} ms for DynamoDB, ${ASSUMED.s3Ms} ms for S3, no cold starts. Every small file takes the same time.
- Arrivals are independent of each other (Poisson), and so are lengths. Real manifests come in runs of one host.
- A limit that is reached makes work wait, and nothing is lost or repeated. In truth, requests are throttled and tried
  again, which costs time and requests. The simulation is right about where the wall is, and too kind about hitting it.
- The whole use of a batch is taken when it starts. Throttling is smoothed over a second.
- A mapping starts with ${quota("mappingStart")} invocations, gets ${quota("mappingMoreAMinute")} more a minute while messages are waiting, and never shrinks.
- Table and index double what their busiest minute used, every ${quota("tableGrowsMinutes")} minutes. So does S3, every ${quota("s3GrowsMinutes")} minutes: AWS
  says "30 to 60" and promises nothing. Keys are spread evenly over the partitions.
- S3 counts a DELETE like a PUT: a small file's staging object takes one of each.
- Handing a job over takes ${HAND_OVER.tableUnits + HAND_OVER.indexUnits} write units and ${HAND_OVER.sqsRequests} SQS requests. A lease is renewed each 40 s.
- Origins and the network keep up: ${whole(Math.max(...JOBS_A_SECOND) * LONG.share)} long files a second are 100 GiB/s.
- To send ten messages again takes ${REGROUP_BATCH_MS} ms.
- Not modelled: cold starts, CloudWatch, crashes and their recovery, a single busy host, the limits of origins, and the
  environments of other functions in the account.
`;
}
