/** The tables of docs/scale.md. */
import { totalUsd } from "../cost/bill.ts";
import { plain, table } from "../cost/tables.ts";
import { BACKLOGS, type Answers, type DrainAnswer, type Reached, type SizeAnswer } from "./answers.ts";
import type { CeilingName } from "./ceilings.ts";
import { otherFunctions, pollersFor } from "./deployments.ts";
import { QUOTAS } from "./quotas.ts";

const MINUTES = 60;
export const whole = (value: number): string => plain(value, 0);
const jobs = (value: number): string => (value === Infinity ? "no limit" : whole(Math.floor(value)));
export const percent = (share: number): string => `${plain(100 * share, 1)} %`;
export const usd = (value: number): string => `$${whole(value)}`;
const time = (hours: number): string => (hours < 1 ? `${whole(MINUTES * hours)} min` : `${plain(hours, 1)} h`);
const millions = (count: number): string => `${plain(count / 1e6)} million`;

const LIMIT_NAMES: Readonly<Record<CeilingName, string>> = {
  "short lane": "concurrency of the (short) lane",
  "long lane": "concurrency of the long lane",
  account: "Lambda's concurrency of the account",
  "in flight": "messages in flight",
  table: "write units of the table",
  index: "write units of the index",
  "watch shards": "shards of the index",
  "staging bucket": "requests to the staging bucket",
  "content bucket": "requests to the content bucket",
  announcements: "announcements (they are late, nothing is held back)",
};
const named = (limits: readonly CeilingName[]): string =>
  limits.length === 0 ? "nothing" : limits.map((limit) => LIMIT_NAMES[limit]).join("; ");

const reachedCells = ({ jobsASecond, heldBackBy, next }: Reached): readonly string[] => [
  whole(jobsASecond),
  named(heldBackBy),
  `${LIMIT_NAMES[next.limit]}: ${jobs(next.jobsASecond)}`,
];

/** What binds in a new deployment, with the settings of prod and when it is sized. */
export function bindingTable({ rates, sizes }: Answers): string {
  const cells = (rate: number, name: string): readonly string[] =>
    rates
      .filter(({ jobsASecond, deployment }) => jobsASecond === rate && deployment.name === name)
      .flatMap(({ atFirst }) => reachedCells(atFirst));
  return table(
    ["jobs a second", "two lanes: reaches", "held back by", "next", "sized: reaches", "held back by", "next"],
    sizes.map(({ jobsASecond, deployment }) =>
      [whole(jobsASecond)].concat(cells(jobsASecond, "two lanes"), cells(jobsASecond, deployment.name)),
    ),
  );
}

export function summaryTable({ sizes, drains }: Answers): string {
  const drained = (deployment: string): readonly string[] =>
    drains.filter((drain) => drain.deployment === deployment).map(({ allHours }) => time(allHours));
  return table(
    ["jobs a second, sized", "environments", "a month", "a month, none long"].concat(
      BACKLOGS.map((backlog) => `a backlog of ${millions(backlog)}`),
    ),
    sizes.map(({ jobsASecond, deployment, outcome, bill, billWithoutLong }) =>
      [whole(jobsASecond)].concat(
        whole(outcome.short.meanEnvironments + (outcome.long?.meanEnvironments ?? 0)),
        usd(totalUsd(bill)),
        usd(totalUsd(billWithoutLong)),
        drained(deployment.name),
      ),
    ),
  );
}

export const lanesTable = (lanes: Answers["lanes"]): string =>
  table(
    ["", "jobs a second", "of the throughput without long jobs", "long jobs done a second"],
    lanes.map(({ what, jobsASecond, share, longASecond }) => [
      what,
      whole(jobsASecond),
      percent(share),
      plain(longASecond, 2),
    ]),
  );

export function ratesTable(rates: Answers["rates"], when: "atFirst" | "afterHours"): string {
  return table(
    ["jobs a second", "deployment", "reaches", "held back by", "next"],
    rates.map((rate) => [whole(rate.jobsASecond), rate.deployment.name].concat(reachedCells(rate[when]))),
  );
}

const ceilingOf = ({ ceilings }: Answers["ceilings"][number], name: CeilingName): number | undefined =>
  ceilings.find(({ limit }) => limit === name)?.jobsASecond;

export function ceilingsTable(deployments: Answers["ceilings"]): string {
  const lowest = (name: CeilingName): number =>
    Math.min(...deployments.map((each) => ceilingOf(each, name) ?? Infinity));
  const cells = (name: CeilingName): readonly string[] =>
    deployments.map((each) => ceilingOf(each, name)).map((rate) => (rate === undefined ? "" : jobs(rate)));
  return table(
    ["limit"].concat(deployments.map(({ deployment }) => deployment)),
    (Object.keys(LIMIT_NAMES) as readonly CeilingName[])
      .toSorted((a, b) => lowest(a) - lowest(b))
      .map((name) => [LIMIT_NAMES[name]].concat(cells(name))),
  );
}

export const waitingTable = (waiting: Answers["waiting"]): string =>
  table(
    ["", "most in flight", "jobs a second", "messages that nobody receives at the end"],
    waiting.map(({ what, mostInFlight, jobsASecond, waitingAtTheEnd }) => [
      what,
      whole(mostInFlight),
      whole(jobsASecond),
      whole(waitingAtTheEnd),
    ]),
  );

export const quotasTable = (): string =>
  table(
    ["limit", "value", "can be raised", "source", "how certain"],
    Object.values(QUOTAS).map(({ what, value, unit, canBeRaised, source, certainty }) => [
      what,
      `${whole(value)} ${unit}`.trim(),
      canBeRaised ? "yes" : "no",
      source,
      certainty,
    ]),
  );

const environments = (lane: SizeAnswer["outcome"]["long"]): string =>
  lane === undefined ? "" : `${whole(lane.meanEnvironments)} (${whole(lane.mostEnvironments)})`;

const starts = (size: SizeAnswer, name: "table" | "index"): number => size.deployment.rates[name].startsAt;

const longConcurrency = ({ deployment }: SizeAnswer): number => deployment.long?.concurrency ?? 0;

const SIZE_ROWS: readonly (readonly [what: string, cell: (size: SizeAnswer) => string])[] = [
  ["environments of the short lane: mean (most)", ({ outcome }) => environments(outcome.short)],
  ["environments of the long lane: mean (most)", ({ outcome }) => environments(outcome.long)],
  ["environments of other functions, with an archive", (size) => whole(otherFunctions(starts(size, "table")))],
  ["concurrency of the short lane", ({ deployment }) => whole(deployment.short.concurrency)],
  ["concurrency of the long lane", (size) => whole(longConcurrency(size))],
  ["provisioned pollers of the long lane", (size) => whole(pollersFor(longConcurrency(size)))],
  [
    "Lambda's quota of the account, at least",
    (size) => whole(size.deployment.short.concurrency + longConcurrency(size) + otherFunctions(starts(size, "table"))),
  ],
  ["warm write units a second of the table", (size) => whole(starts(size, "table"))],
  ["warm write units a second of the index", (size) => whole(starts(size, "index"))],
  ["DynamoDB's quota of a table, at least", ({ deployment }) => whole(deployment.rates.table.most)],
  ["messages of a batch of the short lane, mean", ({ outcome }) => plain(outcome.short.messages, 1)],
];

export const sizesTable = (sizes: readonly SizeAnswer[]): string =>
  table(
    ["jobs a second"].concat(sizes.map(({ jobsASecond }) => whole(jobsASecond))),
    SIZE_ROWS.map(([what, cell]) => [what].concat(sizes.map(cell))),
  );

const heldBack = ({ shortHeldBackBy, longHeldBackBy }: DrainAnswer): string =>
  named([...new Set([shortHeldBackBy, longHeldBackBy].filter((limit) => limit !== undefined))]);

/** The first deployment has one lane, where the long jobs decide. */
export const groupsTable = (drains: Answers["drains"]): string =>
  table(
    ["jobs before it", "deployment", "with groups", "without, at most", "without, and not sent again, at most"],
    drains
      .filter(({ deployment }) => deployment !== drains[0]?.deployment)
      .toSorted((a, b) => a.jobs - b.jobs)
      .map((drain) =>
        [millions(drain.jobs), drain.deployment, "one invocation"].concat(
          time(drain.regroupedHours),
          time(drain.shortHours),
        ),
      ),
  );

export const drainsTable = (drains: Answers["drains"]): string =>
  table(
    ["jobs", "deployment", "short lane empty after", "all done after", "held back most by"],
    drains
      .toSorted((a, b) => a.jobs - b.jobs)
      .map((drain) => [
        millions(drain.jobs),
        drain.deployment,
        time(drain.shortHours),
        time(drain.allHours),
        heldBack(drain),
      ]),
  );
