/** `loss.ts <schedules>`: runs that many schedules, does not stop at violations, and counts each kind of violation. */
import { quicken } from "../search/quicken.ts";
import { runSchedule } from "../search/random.ts";
import { drawSchedule } from "../search/schedule.ts";

export interface LossReport {
  readonly schedules: number;
  readonly violations: number;
  /** Most frequent first. Names and numbers are replaced by placeholders. */
  readonly kinds: readonly (readonly [kind: string, count: number])[];
}

const kindOf = (violation: string): string =>
  violation
    .replace(/(not healed in time): .*/, "$1")
    .replaceAll(/JOB#[0-9a-f]+/g, "a job")
    .replaceAll(/sha256\/\S+|HASH#[0-9a-f]+/g, "a content object")
    .replaceAll(/\b[0-9a-f]{16,}\b/g, "one")
    .replaceAll(/(worker|reconciler)\d+/g, "a $1")
    .replaceAll(/\d+/g, "n");

quicken();
const schedules = Number(process.argv[2]);
const kinds = new Map<string, number>();
for (let seed = 1; seed <= schedules; seed++) {
  const { violation } = await runSchedule(drawSchedule(seed));
  if (violation !== undefined) kinds.set(kindOf(violation), (kinds.get(kindOf(violation)) ?? 0) + 1);
}
const violations = [...kinds.values()].reduce((sum, count) => sum + count, 0);
const report: LossReport = { schedules, violations, kinds: [...kinds].sort(([, a], [, b]) => b - a) };
process.stdout.write(JSON.stringify(report));
