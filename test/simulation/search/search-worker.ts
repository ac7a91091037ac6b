import type { Hazard } from "./enabled.ts";
import { quicken } from "./quicken.ts";
import { noFigures, search, type Figures } from "./search.ts";

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

const [first = 0, step = 1, end = 0] = process.argv.slice(2, 5).map(Number);
const hazards = new Set(process.argv.slice(5) as Hazard[]);
for (let next = first; next < end; next += SEEDS_A_REPORT * step) {
  const figures = noFigures();
  const seeds = seedsFrom(next, step, Math.min(end, next + SEEDS_A_REPORT * step));
  const failedSeed = await search(seeds, figures, { hazards });
  await send({ figures, failedSeed });
  if (failedSeed !== undefined) break;
}
