/**
 * `npm run mutants [-- TEXT]`: breaks the product in every way of the catalogue, and checks that the simulator notices.
 * With TEXT, only the mutants whose file or name contains it.
 * `npm run mutants -- --unfenced`: removes all fences, and counts the violations.
 */
import { availableParallelism } from "node:os";
import pMap from "p-map";
import { MUTANTS, type Mutant } from "./catalogue.ts";
import type { ProbeReport } from "./probe.ts";
import { inChangedTree } from "../../changed-tree.ts";
import { runIn, SIMULATED } from "./tree.ts";
import { showLoss } from "./unfenced.ts";

/** Enough for every undisturbed scenario, thousands of seeds and all single faults. */
const SCHEDULES_A_MUTANT = 64_000;
const SCHEDULES_WITHOUT_FENCES = 10_000;
/** A mutant whose simulation never ends counts as killed. 64,000 schedules of the product take a third of this time. */
const LONGEST_MS = 900_000;

interface Verdict {
  readonly mutant: Mutant;
  readonly isKilled: boolean;
  readonly how: string;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function judge(mutant: Mutant): Promise<Verdict> {
  const verdict = await inChangedTree(SIMULATED, [mutant], probe);
  say(`${verdict.isKilled ? "killed  " : "SURVIVED"} ${mutant.file}: ${mutant.what} (${verdict.how})`);
  return { mutant, ...verdict };
}

async function probe(tree: string): Promise<Omit<Verdict, "mutant">> {
  const { error, stderr, stdout } = await runIn(tree, "probe.ts", [String(SCHEDULES_A_MUTANT)], LONGEST_MS);
  if (error?.killed) return { isKilled: true, how: "the simulation never ended" };
  if (error) return { isKilled: true, how: stderr.trim().split("\n").at(-1) ?? "the simulation crashed" };
  const { schedules, violation } = JSON.parse(stdout) as ProbeReport;
  return { isKilled: violation !== undefined, how: `${schedules} schedules, ${violation ?? "no violation"}` };
}

async function judgeAll(wanted: string | undefined): Promise<boolean> {
  const chosen = MUTANTS.filter(({ what, file }) => wanted === undefined || `${file} ${what}`.includes(wanted));
  const verdicts = await pMap(chosen, judge, { concurrency: availableParallelism() });
  const survivors = verdicts.filter(({ isKilled }) => !isKilled);
  say(`${verdicts.length} mutants, ${verdicts.length - survivors.length} killed, ${survivors.length} survived`);
  return survivors.length === 0;
}

async function reportLoss(): Promise<boolean> {
  const { kinds, schedules, violations } = await showLoss(SCHEDULES_WITHOUT_FENCES);
  for (const [kind, count] of kinds) say(`${String(count).padStart(6)}  ${kind}`);
  say(`without fences, ${violations} of ${schedules} schedules violate an invariant`);
  return violations > 0;
}

const [wanted] = process.argv.slice(2);
const isOk = await (wanted === "--unfenced" ? reportLoss() : judgeAll(wanted));
process.exitCode = isOk ? 0 : 1;
