import { hash } from "node:crypto";
import type { JobMessage } from "../../../core/model/message.ts";
import type { Resource } from "../services/origin.ts";
import { INVOCATION_MS, PART_BYTES } from "../services/settings.ts";
import { Dice } from "../services/time.ts";
import { ENABLED, type Hazard } from "./enabled.ts";
import { drawHazards, type Hazards } from "./hazards.ts";
import { bodyOf, isResumable, messageOf, urlOf, type PlannedFault, type Shape } from "./shape.ts";

export interface Schedule {
  readonly seed: number;
  readonly shape: Shape;
  readonly hazards: Hazards;
  readonly faults: readonly PlannedFault[];
}

const LENGTHS = [0, 1, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 2 * PART_BYTES, 3 * PART_BYTES + 4, 6 * PART_BYTES];
/** Parts of such a body are sent while they come. */
export const LARGE_BYTES = 9 * PART_BYTES + 5;
const sha256Of = (body: string | Buffer): string => hash("sha256", body);

/** A separate random stream: drawing an operator does not change the rest of the schedule. */
const operatorSeed = (seed: number): number => seed + 2 ** 52 + 2 ** 51;
const originSeed = (seed: number): number => seed + 2 ** 52 + 2 ** 50;
const lengthSeed = (seed: number): number => seed + 2 ** 52 + 2 ** 49;

/** From a random stream of its own as well. */
const drawLengths = (dice: Dice): readonly number[] =>
  dice.chance(0.3) ? LENGTHS.map((bytes) => (bytes > 3 * PART_BYTES ? LARGE_BYTES : bytes)) : LENGTHS;

/** How origins and workers deal with torn and damaged bodies. From a random stream of its own, like the operator. */
function drawTrust(dice: Dice): { readonly announces: boolean; readonly mostBrokenConnections: number } {
  return { announces: dice.chance(0.3), mostBrokenConnections: dice.pick([0, 0, 3]) };
}

const LATEST_OPERATOR_MS = 120_000;

function drawOperator(dice: Dice): Pick<Shape, "operatorAtMs" | "absentFirst"> {
  if (!dice.chance(0.3)) return { operatorAtMs: [], absentFirst: 0 };
  const visits = Array.from({ length: dice.between(1, 3) }, () => dice.below(LATEST_OPERATOR_MS));
  return { operatorAtMs: visits, absentFirst: dice.pick([0, 1, 1, 2]) };
}

const USUAL_BUFFER_MS = 10_000;
type Drawn = Omit<Shape, "operatorAtMs" | "absentFirst" | "mostBrokenConnections">;

function drawShape(dice: Dice, announcesDigest: boolean, lengths: readonly number[]): Drawn {
  const digests = dice.pick(["none", "none", "none", "right", "right", "wrong"] as const);
  const artifacts = ["a", "b", "c"].slice(0, dice.pick([1, 1, 1, 2, 2, 3]));
  const resources = new Map<string, Resource>();
  const messages: (JobMessage | string)[] = dice.chance(0.05) ? ["not a message"] : [];
  let body: Buffer = Buffer.alloc(0);
  for (const artifact of artifacts) {
    if (messages.length === 0 || !dice.chance(0.3)) body = bodyOf(artifact, dice.pick(lengths));
    const digest = { sha256: sha256Of(digests === "wrong" ? `not ${artifact}` : body) };
    messages.push({ ...messageOf(artifact), ...(digests !== "none" && digest) });
    resources.set(urlOf(artifact), {
      versions: [body],
      validators: dice.pick(["strong", "strong", "strong", "weak", "none"]),
      ranges: dice.chance(0.8),
      isChunked: dice.chance(0.15),
      announcesDigest,
    });
  }
  const latencyMs = dice.pick([2, 20, 100, 300]);
  return {
    messages,
    resources,
    digests,
    gate: dice.chance(0.06) ? dice.pick([0, 50]) : 100,
    deadlineBufferMs: isResumable(resources) && dice.chance(0.2) ? INVOCATION_MS - 20 * latencyMs : USUAL_BUFFER_MS,
    workers: dice.between(1, 3),
    latencyMs,
    finalDuplicates: dice.chance(0.3) ? 1 : 0,
  };
}

/** Clock offsets come first, at call 0. Then come few or many faults, close together or far apart. */
function drawFaults(dice: Dice): readonly PlannedFault[] {
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

const dripping = (resources: Shape["resources"]): Shape["resources"] =>
  new Map([...resources].map(([url, resource]) => [url, { ...resource, dripsAlone: true }]));

/**
 * An invocation whose time is over before a request may be sent does nothing: no limits, if it is that short.
 *
 * @returns the same schedule for the same seed and the same hazards, on any machine.
 */
export function drawSchedule(seed: number, enabled: ReadonlySet<Hazard> = ENABLED): Schedule {
  const dice = new Dice(seed);
  const hazards = drawHazards(seed, enabled);
  const { crowd, gate } = hazards;
  const operator = drawOperator(new Dice(operatorSeed(seed)));
  const { announces, mostBrokenConnections } = drawTrust(new Dice(originSeed(seed)));
  const drawn = drawShape(dice, announces, drawLengths(new Dice(lengthSeed(seed))));
  const shape = {
    ...drawn,
    ...(hazards.dripsAlone && drawn.deadlineBufferMs === USUAL_BUFFER_MS && { resources: dripping(drawn.resources) }),
    mostBrokenConnections,
    ...operator,
    ...crowd,
    ...(gate !== undefined && { gate }),
  };
  const hosts =
    shape.deadlineBufferMs === USUAL_BUFFER_MS ? {} : { hostRules: [], hostChanges: [], rulesUnreadable: undefined };
  return { seed, shape, hazards: { ...hazards, ...hosts }, faults: [...drawFaults(dice), ...hazards.faults] };
}
