import { readFileSync } from "node:fs";
import { z } from "zod";
import { COUNTS, type Counts } from "./artifacts.ts";
import { IDLE_RUN, MONTHLY_METERS, SETTINGS, type EnvironmentName } from "./environments.ts";
import type { Bill } from "./bill.ts";
import { ANNOUNCER_COUNTS, PATHS, RECORD_COUNTS, RECORDS, type Path } from "./paths.ts";
import type { IdleRun } from "./models.ts";

const storedResult = z.object({
  date: z.string(),
  machine: z.object({ processor: z.string(), cores: z.number(), node: z.string() }),
  figures: z.array(z.object({ what: z.string(), value: z.number() })),
});
export type StoredResult = z.infer<typeof storedResult>;

export const storedResultOf = (name: "cost" | "cost-paths" | "fixed-costs"): StoredResult =>
  storedResult.parse(JSON.parse(readFileSync(new URL(`../results/${name}.json`, import.meta.url), "utf8")));

/** @throws RangeError if the stored results lack the figure, because they are older than this code. */
function figureOf({ figures }: StoredResult, what: string, measurement: string): number {
  const found = figures.find((figure) => figure.what === what);
  if (!found) throw new RangeError(`The stored results have no figure "${what}". Run: npm run bench ${measurement}`);
  return found.value;
}

function group<Name extends string>(
  result: StoredResult,
  of: string,
  names: Readonly<Record<Name, string>>,
  measurement: string,
): Readonly<Record<Name, number>> {
  const entries = Object.entries<string>(names).map(([name, what]) => [
    name,
    figureOf(result, `${of}: ${what}`, measurement),
  ]);
  return Object.fromEntries(entries) as Readonly<Record<Name, number>>;
}

export const countsIn = (cost: StoredResult, size: string): Counts => group(cost, size, COUNTS, "cost");

const METERS = Object.fromEntries(MONTHLY_METERS.map((meter) => [meter, meter]));
export const monthlyBillIn = (fixed: StoredResult, name: EnvironmentName): Bill =>
  group(fixed, name, METERS, "fixed-costs");

export const settingsIn = (
  fixed: StoredResult,
  name: EnvironmentName,
): Readonly<Record<keyof typeof SETTINGS, number>> => group(fixed, name, SETTINGS, "fixed-costs");

export const idleRunIn = (fixed: StoredResult): IdleRun => group(fixed, "idle run", IDLE_RUN, "fixed-costs");

export const pathCountsIn = (paths: StoredResult, path: Path): Counts =>
  group(paths, PATHS[path], COUNTS, "cost-paths");

export const recordIn = (
  paths: StoredResult,
  name: keyof typeof RECORDS,
): Readonly<Record<keyof typeof RECORD_COUNTS, number>> =>
  group(paths, RECORDS[name].what, RECORD_COUNTS, "cost-paths");

export type AnnouncementCounts = Readonly<Record<keyof typeof ANNOUNCER_COUNTS, number>>;
export const announcementsIn = (paths: StoredResult, kind: "single" | "batched"): AnnouncementCounts =>
  group(paths, `announcements ${kind}`, ANNOUNCER_COUNTS, "cost-paths");
