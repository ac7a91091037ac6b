import { Dice } from "../services/time.ts";
import { HAZARDS, type Hazard } from "./enabled.ts";
import type { PlannedFault } from "./schedule.ts";

export interface Hazards {
  /** Faults that strike only calls of their own kind, in addition to the schedule's other faults. */
  readonly faults: readonly PlannedFault[];
}

/** A separate random stream: drawing hazards does not change the rest of the schedule. */
const hazardSeed = (seed: number): number => seed + 2 ** 52 + 2 ** 51 + 2 ** 50;

/** Draws each enabled hazard from dice of its own, so that switching one on does not change the others. */
export function drawHazards(seed: number, enabled: ReadonlySet<Hazard>): Hazards {
  const seeds = new Dice(hazardSeed(seed));
  const diceOf = new Map(HAZARDS.map((hazard) => [hazard, new Dice(seeds.below(2 ** 32))]));
  const drawn = (hazard: Hazard, probability: number): Dice | undefined => {
    const dice = diceOf.get(hazard);
    return dice && enabled.has(hazard) && dice.chance(probability) ? dice : undefined;
  };
  const echo = drawn("echo", 0.15);
  return { faults: echo ? drawEchoes(echo) : [] };
}

const LAST_ECHOED_CALL = 60;

const drawEchoes = (dice: Dice): readonly PlannedFault[] =>
  Array.from({ length: dice.between(1, 3) }, () => ({
    at: 1 + dice.below(LAST_ECHOED_CALL),
    seed: dice.below(2 ** 32),
    of: "echo" as const,
  })).sort((a, b) => a.at - b.at);
