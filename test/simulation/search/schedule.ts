import { createHash } from "node:crypto";
import type { JobMessage } from "../../../core/model/message.ts";
import type { Resource } from "../services/origin.ts";
import { INVOCATION_MS, PART_BYTES } from "../services/settings.ts";
import { Dice } from "../services/time.ts";

/** What a schedule is, apart from what strikes it; all drawn from the seed. */
export interface Shape {
  readonly messages: readonly (JobMessage | string)[];
  readonly resources: ReadonlyMap<string, Resource>;
  readonly digests: "none" | "right" | "wrong";
  readonly gate: number;
  readonly deadlineBufferMs: number;
  readonly workers: number;
  readonly latencyMs: number;
  /** Duplicates of what is finished, delivered when all is quiet. */
  readonly encores: number;
  /** When an operator comes by and reopens what failed; none, and he never does. */
  readonly operatorAtMs: readonly number[];
  /** So often the origin says of each file that it has none. */
  readonly absentFirst: number;
}

/** Something strikes at the nth call of a port; what, a seed of its own decides, so that each can be left out alone. */
export interface Trouble {
  readonly at: number;
  readonly seed: number;
}

export interface Schedule {
  readonly seed: number;
  readonly shape: Shape;
  readonly troubles: readonly Trouble[];
}

const LENGTHS = [0, 1, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 2 * PART_BYTES, 3 * PART_BYTES + 4, 6 * PART_BYTES];
const urlOf = (artifact: string): string => `https://origin.example/${artifact}`;
const sha256Of = (body: string | Buffer): string => createHash("sha256").update(body).digest("hex");

/** A seed's third stream: schedules without an operator are what they were before there was one. */
const operatorSeed = (seed: number): number => seed + 2 ** 52 + 2 ** 51;
const LATEST_OPERATOR_MS = 120_000;

function drawOperator(dice: Dice): Pick<Shape, "operatorAtMs" | "absentFirst"> {
  if (!dice.chance(0.3)) return { operatorAtMs: [], absentFirst: 0 };
  const visits = Array.from({ length: dice.between(1, 3) }, () => dice.below(LATEST_OPERATOR_MS));
  return { operatorAtMs: visits, absentFirst: dice.pick([0, 1, 1, 2]) };
}

function drawShape(dice: Dice): Omit<Shape, "operatorAtMs" | "absentFirst"> {
  const digests = dice.pick(["none", "none", "none", "right", "right", "wrong"] as const);
  const artifacts = ["a", "b", "c"].slice(0, dice.pick([1, 1, 1, 2, 2, 3]));
  const resources = new Map<string, Resource>();
  const messages: (JobMessage | string)[] = dice.chance(0.05) ? ["not a message"] : [];
  let body: Buffer = Buffer.alloc(0);
  for (const artifact of artifacts) {
    if (messages.length === 0 || !dice.chance(0.3)) body = drawBody(dice, artifact);
    const digest = { sha256: sha256Of(digests === "wrong" ? `not ${artifact}` : body) };
    messages.push({ work_id: "work", artifact_id: artifact, url: urlOf(artifact), ...(digests !== "none" && digest) });
    resources.set(urlOf(artifact), {
      versions: [body],
      validators: dice.pick(["strong", "strong", "strong", "weak", "none"]),
      ranges: dice.chance(0.8),
      isChunked: dice.chance(0.15),
    });
  }
  const latencyMs = dice.pick([2, 20, 100, 300]);
  return {
    messages,
    resources,
    digests,
    gate: dice.chance(0.06) ? dice.pick([0, 50]) : 100,
    deadlineBufferMs: isResumable(resources) && dice.chance(0.2) ? INVOCATION_MS - 20 * latencyMs : 10_000,
    workers: dice.between(1, 3),
    latencyMs,
    encores: dice.chance(0.3) ? 1 : 0,
  };
}

/** Only then does a file that takes longer than an invocation get anywhere. */
export const isResumable = (resources: ReadonlyMap<string, Resource>): boolean =>
  [...resources.values()].every(({ isChunked, ranges, validators }) => !isChunked && ranges && validators === "strong");

function drawBody(dice: Dice, artifact: string): Buffer {
  const letters: string = Array.from({ length: dice.pick(LENGTHS) }, (_, at) => `${artifact}${at % 7}`).join("");
  return Buffer.from(letters.slice(0, letters.length / 2));
}

/** Clocks that differ come first; then few or many troubles, close together or far apart. */
function drawTroubles(dice: Dice): readonly Trouble[] {
  const clocks = dice.chance(0.3) ? [{ at: 0, seed: dice.below(2 ** 32) }] : [];
  const count = dice.pick([0, 1, 1, 2, 2, 3, 4, 6, 9, 14]);
  const gap = dice.pick([3, 12, 40]);
  let at = 0;
  const strikes = Array.from({ length: count }, () => {
    at += 1 + dice.below(gap);
    return { at, seed: dice.below(2 ** 32) };
  });
  return [...clocks, ...strikes];
}

/** @returns always the same for the same seed, on any machine. */
export function drawSchedule(seed: number): Schedule {
  const dice = new Dice(seed);
  const shape = { ...drawShape(dice), ...drawOperator(new Dice(operatorSeed(seed))) };
  return { seed, shape, troubles: drawTroubles(dice) };
}
