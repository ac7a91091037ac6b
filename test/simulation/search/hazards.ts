import { jobIdOf, watchShardOf } from "../../../core/model/keys.ts";
import { POISON_KINDS, type Lasting } from "../services/lasting.ts";
import { PART_BYTES } from "../services/settings.ts";
import { Dice } from "../services/time.ts";
import { HAZARDS, type Hazard } from "./enabled.ts";
import type { PlannedFault, Shape } from "./schedule.ts";

export interface Hazards {
  /** Faults that strike only calls of their own kind, in addition to the schedule's other faults. */
  readonly faults: readonly PlannedFault[];
  /** Whether a reconciler must send its message also if the answer to its write was lost. */
  readonly isOwedChecked: boolean;
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
  const lasting = drawn("lasting", 0.12);
  const lostAnswer = drawn("lost answer", 0.1);
  return {
    isOwedChecked: enabled.has("lost answer"),
    faults: [
      ...(echo ? drawEchoes(echo) : []),
      ...(lasting ? [{ at: 0, seed: lasting.below(2 ** 32), of: "lasting" as const }] : []),
      ...(lostAnswer ? [{ at: 1 + lostAnswer.below(LAST_ECHOED_CALL), seed: 0, of: "lost answer" as const }] : []),
    ],
  };
}

const LAST_ECHOED_CALL = 60;

const drawEchoes = (dice: Dice): readonly PlannedFault[] =>
  Array.from({ length: dice.between(1, 3) }, () => ({
    at: 1 + dice.below(LAST_ECHOED_CALL),
    seed: dice.below(2 ** 32),
    of: "echo" as const,
  })).sort((a, b) => a.at - b.at);

const WATCH_SHARDS = 8;
const LONGEST_SHARD_FAILURE_MS = 300_000;
/** How soon after a call a virus scanner takes away what was staged. */
const TAKEN_AFTER_MS = [0, 0, 500, 5000];

/** One failure that stays. It affects one job of the schedule, or none but a record that nobody can read. */
export function drawLasting(dice: Dice, { messages }: Pick<Shape, "messages">): Lasting {
  const message = dice.pick(messages.filter((each) => typeof each !== "string"));
  const jobId = jobIdOf(message);
  const shard = dice.chance(0.5) ? watchShardOf(jobId) : dice.below(WATCH_SHARDS);
  return dice.pick<() => Lasting>([
    () => ({ kind: "refused", jobId, call: dice.pick(["put", "part", "complete", "copy"]) }),
    () => ({
      kind: "taken",
      jobId,
      what: dice.pick(["object", "upload"]),
      afterMs: dice.below(1 + dice.pick(TAKEN_AFTER_MS)),
    }),
    () => ({ kind: "poison", record: dice.pick(POISON_KINDS), shard, hasStaged: dice.chance(0.5) }),
    () => ({ kind: "shard", shard, forMs: dice.below(LONGEST_SHARD_FAILURE_MS) }),
    () => ({ kind: "restless origin", jobId, afterBytes: PART_BYTES + dice.below(2 * PART_BYTES) }),
  ])();
}
