/** The sections of docs/cost.md on other regions, and on what would make a job cheaper. */
import { GATE_OFF, SIZES } from "./artifacts.ts";
import { times, totalUsd, type Bill } from "./bill.ts";
import { artifactBill, keepingBill, logBill } from "./models.ts";
import { pathBill, sampledBill, SMALL, smallBill, type Results } from "./more-sections.ts";
import { announcedBill, MONTH_JOBS, withAnnouncing, type Announcing } from "./month.ts";
import { PRICES, type Meter } from "./prices.ts";
import { priceIn, REGIONS, totalUsdIn } from "./regions.ts";
import { announcementsIn, countsIn, settingsIn } from "./stored-results.ts";
import { dollars, plain, table } from "./tables.ts";

const MILLION = 1_000_000;
const LARGEST = SIZES.at(-1) ?? SMALL;

const factor = (region: string, meter: Meter): string => plain(priceIn(region, meter) / PRICES[meter].usd, 2);

export function regionsSection(results: Results): string {
  const small = times(smallBill(results, SMALL.name), MILLION);
  const { longWorkerMemoryMb } = settingsIn(results.fixed, "prod");
  const counts = countsIn(results.cost, LARGEST.name);
  const large = times(artifactBill("guarded", counts, LARGEST.bytes, longWorkerMemoryMb), MILLION);
  const names = Object.keys(REGIONS);
  const sources = names.flatMap((region) =>
    Object.entries(REGIONS[region] ?? {}).map(([meter, [usd, readIn]]) => {
      const { per, unit, what } = PRICES[meter as Meter];
      return [region, what, plain(usd, 5), `${plain(per)} ${unit}`, readIn];
    }),
  );
  return `## Regions

Factors of the prices that matter, us-east-1 being 1. SQS, Lambda and EventBridge cost the same in all of these, as far
as we remember.

${table(
  [
    "region",
    "DynamoDB writes",
    "S3 PUT",
    "log, ingested",
    "data out",
    `a million of ${SMALL.name}`,
    `a million of ${LARGEST.name}`,
    "factor, small and large",
  ],
  names.map((region) => [
    `\`${region}\``,
    factor(region, "writeUnits"),
    factor(region, "s3Puts"),
    factor(region, "logGb"),
    factor(region, "transferOutGb"),
    dollars(totalUsdIn(region, small)),
    dollars(totalUsdIn(region, large)),
    `${plain(totalUsdIn(region, small) / totalUsd(small), 2)}, ${plain(totalUsdIn(region, large) / totalUsd(large), 2)}`,
  ]),
)}

Prices that differ from [those of us-east-1](#prices). "remembered" as there: ask AWS's calculator first.

${table(["region", "price", "USD", "for", "read in"], sources)}
`;
}

const LESS_MEMORY_MB = 512;
/** Provisioned capacity: $0.00065 for a unit of writes a second, for an hour. Remembered. */
const PROVISIONED_USD = 0.00065 / 3600;
const UTILIZED = 0.7;

export function leversSection(results: Results): string {
  const { cost, fixed, paths } = results;
  const { workerMemoryMb } = settingsIn(fixed, "prod");
  const counts = announcementsIn(paths, "batched");
  const guarded = smallBill(results, SMALL.name);
  const small = countsIn(cost, SMALL.name);
  const million = (bill: Bill): number => totalUsd(times(bill, MILLION));
  const announced = (kind: Announcing): number =>
    million(withAnnouncing(guarded, announcedBill(kind, counts, MONTH_JOBS)));
  const log = logBill(small.logBytes, small.logLines, small.invocations);
  const kept = keepingBill(small, 0);
  const limited = million(pathBill(results, "connections")) - million(pathBill(results, "unlimited"));
  const unit = PRICES.writeUnits.usd;
  const rows: readonly (readonly [lever: string, saves: string, givesUp: string])[] = [
    [
      '`announcements: "batched"`',
      dollars(announced("single") - announced("batched")),
      "up to ten seconds; consumers read lists, and get other producers' files in them",
    ],
    ['`announcements: "none"`', dollars(announced("single") - announced("none")), "nobody is told"],
    [
      "`logSamplePercent: 10`",
      dollars(million(guarded) - million(sampledBill(results))),
      "the timeline of nine tenths of the jobs without trouble; metrics stay exact",
    ],
    [
      "the log for a week in the place of three months",
      dollars(million({ logGbMonths: (log.logGbMonths ?? 0) * (1 - 0.25 / 3) })),
      "looking further back",
    ],
    [
      `\`workerMemoryMib: ${LESS_MEMORY_MB}\` in the place of ${plain(workerMemoryMb)}`,
      dollars(million(guarded) - million(smallBill(results, SMALL.name, LESS_MEMORY_MB))),
      "ten files of 100 MiB at a time take longer than `shortLaneMs`: they are handed over to the long lane",
    ],
    [
      'hosts `"unlimited"` in the place of 16 connections',
      dollars(limited),
      "politeness over all workers: only for hosts of your own",
    ],
    [
      "URLs and metadata that keep the record below 1 KiB",
      `${dollars(unit)} for each unit less`,
      "nothing: put what is long where the announcement's `id` leads to it",
    ],
    [
      "`recordRetentionDays: 15` in the place of 30",
      `${dollars(million(kept) / 2)} (storage)`,
      "duplicates that come later are fetched again",
    ],
    [
      "no point-in-time recovery",
      `${dollars(million({ recoveryGbMonths: kept.recoveryGbMonths ?? 0 }))} a month kept`,
      "going back to before somebody deleted the wrong items",
    ],
    [
      "provisioned capacity of the table, 70 % used (price remembered)",
      dollars(small.writeUnits * (unit - (PROVISIONED_USD / UTILIZED) * MILLION)),
      "sudden peaks: they are throttled; and the code deploys on-demand tables only",
    ],
    [
      "the gate off",
      dollars(million(guarded) - million(smallBill(results, GATE_OFF))),
      "leases, resuming, replay, deduplication, announcements: P1 to P7",
    ],
    [
      "`monitoring: undefined`",
      `${dollars(results.environmentUsd)} a month at most, whatever the traffic`,
      "alarms, dashboard, saved queries, the gate's rollout",
    ],
  ];
  return `## What would make it cheaper

Of a million of 10 KiB, ${dollars(million(guarded))} in all; announcements at 100 million a month:

${table(["lever", "saves", "gives up"], rows)}

What does not help: larger batches (SQS hands out ten), the log class for infrequent access (it makes no metrics of log
lines).
`;
}
