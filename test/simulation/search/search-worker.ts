import type { Hazard } from "./enabled.ts";
import { quicken } from "./quicken.ts";
import { noFigures, search, type Figures } from "./search.ts";

/** What a search process runs: every `step`th seed from `first` on, below `end`. */
export interface SearchShare {
  readonly first: number;
  readonly step: number;
  readonly end: number;
  readonly hazards: readonly Hazard[];
  readonly drawn: Hazard | undefined;
}

export interface SearchReport {
  readonly figures: Figures;
  readonly failedSeed?: number | undefined;
}

const SEEDS_A_REPORT = 1000;

function* seedsFrom(first: number, step: number, end: number): Generator<number> {
  for (let seed = first; seed < end; seed += step) yield seed;
}

const send = async (report: SearchReport): Promise<void> =>
  new Promise((resolve) => process.send?.(report, () => resolve()));

quicken();

const [share = "{}"] = process.argv.slice(2);
const { drawn, end, first, hazards: names, step } = JSON.parse(share) as SearchShare;
const hazards = new Set(names);
for (let next = first; next < end; next += SEEDS_A_REPORT * step) {
  const figures = noFigures();
  const seeds = seedsFrom(next, step, Math.min(end, next + SEEDS_A_REPORT * step));
  const failedSeed = await search(seeds, figures, { drawn, hazards });
  await send({ figures, failedSeed });
  if (failedSeed !== undefined) break;
}
