/** Markdown tables of the generated pages, and of bills in dollars. */
import { totalUsd, usdFor, type Bill } from "./bill.ts";
import { MONTHLY_METERS } from "./environments.ts";
import type { Meter } from "./prices.ts";

export const labelled = (label: string, cells: readonly string[]): readonly string[] => [label, ...cells];
const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
export const table = (heading: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(heading), `|${"---|".repeat(heading.length)}`, ...rows.map(row)].join("\n");

const CENTS = { minimumFractionDigits: 2, maximumFractionDigits: 2 };
export const dollars = (usd: number): string =>
  `${usd < -0.005 ? "-" : ""}$${Math.abs(usd).toLocaleString("en-US", CENTS)}`;
export const plain = (value: number, decimals = 3): string =>
  value.toLocaleString("en-US", { maximumFractionDigits: decimals });

/** Meters that are shown together in one line, under a shorter name. */
const LINES: readonly (readonly [line: string, meters: readonly Meter[]])[] = [
  ["DynamoDB, write and read units", ["writeUnits", "readUnits"]],
  ["S3 requests", ["s3Puts", "s3Gets"]],
  ["SQS requests", ["sqsRequests"]],
  ["Lambda, requests", ["lambdaRequests"]],
  ["Lambda, duration (modelled)", ["lambdaGbSeconds"]],
  ["Lambda, provisioned pollers", ["pollerHours"]],
  ["EC2", ["ec2Hours"]],
  ["EventBridge, one announcement each (not counted here)", ["events"]],
  ["CloudWatch Logs, ingested and kept for 3 months", ["logGb", "logGbMonths"]],
  ["Storage while staged", ["s3GbMonths"]],
  ["Data out: requests to the origin (assumed)", ["transferOutGb"]],
  ["Alarms, metrics, dashboard, key", MONTHLY_METERS],
];

export const lineUsd = (bill: Bill, meters: readonly Meter[]): number =>
  meters.reduce((sum, meter) => sum + usdFor(bill, meter), 0);

/** One column for each bill of a million artifacts. Lines that are zero in every column are left out. */
export function billsTable(
  heading: string,
  bills: readonly (readonly [string, Bill])[],
  show: (usd: number) => string = dollars,
): string {
  const rows = LINES.filter(([, meters]) => bills.some(([, bill]) => lineUsd(bill, meters) >= 0.0005)).map(
    ([line, meters]) =>
      labelled(
        line,
        bills.map(([, bill]) => show(lineUsd(bill, meters))),
      ),
  );
  const total = ["**In all**", ...bills.map(([, bill]) => `**${show(totalUsd(bill))}**`)];
  return table([heading, ...bills.map(([name]) => name)], [...rows, total]);
}
