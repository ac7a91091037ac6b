/** `probe.ts <schedules>`: searches for a violation, and prints it and the number of schedules as JSON to stdout. */
import { runSingles, runUndisturbed } from "../search/exhaustive.ts";
import { quicken } from "../search/quicken.ts";
import { SCENARIOS } from "../scenarios/scenarios.ts";
import { noFigures, search } from "../search/search.ts";

/** Fixed, because it must not depend on luck whether a mutant is noticed. */
const FIRST_SEED = 1;
/** The undisturbed scenarios run first and kill most mutants. Then come these seeds, all single faults, the rest. */
const RANDOM_FIRST = 6000;

export interface ProbeReport {
  readonly schedules: number;
  readonly violation: string | undefined;
}

async function probe(budget: number): Promise<ProbeReport> {
  let schedules = 0;
  for (const scenario of SCENARIOS) {
    schedules += 1;
    const [violation] = (await runUndisturbed(scenario)).violations;
    if (violation !== undefined) return { schedules, violation };
  }
  const figures = noFigures();
  const firstSeeds = Math.min(RANDOM_FIRST, budget);
  const seedThatFailed = await search(seedsFrom(FIRST_SEED, firstSeeds), figures);
  schedules += figures.schedules;
  if (seedThatFailed !== undefined) return { schedules, violation: `seed ${seedThatFailed}` };

  for (const scenario of SCENARIOS) {
    if (schedules >= budget) break;
    const { struck, violations } = await runSingles(scenario);
    schedules += Object.values(struck).reduce((sum, count) => sum + count, 1);
    if (violations[0] !== undefined) return { schedules, violation: violations[0] };
  }
  const rest = noFigures();
  const failed = await search(seedsFrom(FIRST_SEED + firstSeeds, Math.max(0, budget - schedules)), rest);
  return { schedules: schedules + rest.schedules, violation: failed === undefined ? undefined : `seed ${failed}` };
}

function* seedsFrom(first: number, count: number): Generator<number> {
  for (let seed = first; seed < first + count; seed++) yield seed;
}

quicken();
const report = await probe(Number(process.argv[2]));
process.stdout.write(`${JSON.stringify(report)}\n`);
