/** The rollout of the gate as a state machine: pure. What follows from a document, a look at the alarms and the time. */
import type { Gate } from "./gate.ts";
import type { GateDocument, GatePhase } from "./gate-document.ts";
import type { PlannedChange } from "./gate-protocol.ts";
import type { AlarmState } from "../ports/alarms.ts";

export const ROLLOUT_STEPS: readonly Gate[] = [5, 25, 50, 100];

export interface GateRolloutSettings {
  /** How long all alarms must have been OK, without a break, before a step is followed by the next. */
  readonly bakeMs: number;
  /** How long a rollout may stay where it is when the alarms cannot be read; then it goes back. */
  readonly blindMs: number;
}

/** What there is to see of the alarms. */
export type Look =
  | { readonly kind: "burning"; readonly alarm: string }
  /** All are OK, the last of them since then. */
  | { readonly kind: "clear"; readonly sinceMs: number }
  | { readonly kind: "undecided"; readonly alarm: string }
  | { readonly kind: "unreadable"; readonly reason: string };

/** One in ALARM is enough; one that does not know yet is no OK. */
export function lookAt(alarms: readonly AlarmState[]): Look {
  const burning = alarms.find(({ state }) => state === "ALARM");
  if (burning) return { kind: "burning", alarm: burning.name };
  const undecided = alarms.find(({ state }) => state !== "OK");
  if (undecided) return { kind: "undecided", alarm: undecided.name };
  if (alarms.length === 0) return { kind: "unreadable", reason: "no alarm is watched" };
  return { kind: "clear", sinceMs: Math.max(...alarms.map(({ sinceMs }) => sinceMs)) };
}

export const isRollingOut = ({ phase }: GateDocument): boolean => phase === "baking" || phase === "paused";

/** What is to be changed now; undefined: nothing. */
export function gateRolloutChange(
  gate: GateDocument,
  look: Look,
  nowMs: number,
  settings: GateRolloutSettings,
): PlannedChange | undefined {
  if (!isRollingOut(gate)) return undefined;
  switch (look.kind) {
    case "burning":
      return retreat(gate, `${look.alarm} is in ALARM`);
    case "unreadable":
      return isPast(gate.blindFromMs, settings.blindMs, nowMs)
        ? retreat(gate, `the alarms could not be read for ${settings.blindMs / 1000} s: ${look.reason}`)
        : undefined;
    case "undecided":
      return undefined;
    case "clear":
      return gate.phase === "baking" && isBaked(gate, look.sinceMs, nowMs, settings) ? advance(gate) : undefined;
  }
}

const isPast = (fromMs: number | undefined, spanMs: number, nowMs: number): boolean =>
  fromMs !== undefined && nowMs - fromMs >= spanMs;

const isBaked = (gate: GateDocument, clearSinceMs: number, nowMs: number, { bakeMs }: GateRolloutSettings): boolean =>
  isPast(gate.bakedFromMs, bakeMs, nowMs) && isPast(clearSinceMs, bakeMs, nowMs);

const stepAfter = (percent: Gate): Gate | undefined => ROLLOUT_STEPS.find((step) => step > percent);

function advance(gate: GateDocument): PlannedChange {
  const next = stepAfter(gate.percent);
  const reason = `${gate.percent} % baked`;
  return next === undefined ? moved(gate, "complete", reason) : { ...moved(gate, "baking", reason), percent: next };
}

const retreat = (gate: GateDocument, reason: string): PlannedChange => ({
  ...moved(gate, "rolled_back", reason),
  percent: gate.retreatTo,
});

/** The same percentage in another phase. */
const moved = ({ percent, retreatTo }: GateDocument, phase: GatePhase, reason: string): PlannedChange => ({
  percent,
  phase,
  retreatTo,
  reason,
});

export type GateCommand =
  | { readonly kind: "start" | "pause" | "resume" | "off" }
  | { readonly kind: "set"; readonly percent: Gate };

/** The command makes no sense where the gate is; the message says which one does. */
export class GateRefusal extends Error {
  override readonly name = "GateRefusal";
}

/** @throws GateRefusal */
export function commandedChange(gate: GateDocument | undefined, command: GateCommand, reason: string): PlannedChange {
  switch (command.kind) {
    case "off":
      return { percent: 0, phase: "off", retreatTo: 0, reason };
    case "set":
      return { percent: command.percent, phase: "set", retreatTo: command.percent, reason };
    case "start":
      return started(gate, reason);
    case "pause":
      if (gate?.phase !== "baking")
        throw new GateRefusal(`No rollout is on its way, ${inWords(gate)}: nothing to pause.`);
      return moved(gate, "paused", reason);
    case "resume":
      if (gate?.phase !== "paused") throw new GateRefusal(`No rollout is paused, ${inWords(gate)}: nothing to resume.`);
      return moved(gate, "baking", reason);
  }
}

function started(gate: GateDocument | undefined, reason: string): PlannedChange {
  if (!gate)
    throw new GateRefusal(
      "There is no gate document: the workers' variable alone decides, and a rollout would begin by taking jobs out. " +
        "Say where it is to begin, off or set PERCENT, and start then.",
    );
  if (isRollingOut(gate)) throw new GateRefusal(`A rollout is on its way, ${inWords(gate)}: pause, resume or off.`);
  const percent = stepAfter(gate.percent);
  if (percent === undefined) throw new GateRefusal(`There is nothing to roll out, ${inWords(gate)}.`);
  return { percent, phase: "baking", retreatTo: gate.percent, reason };
}

const inWords = (gate: GateDocument | undefined): string =>
  gate ? `the gate is at ${gate.percent} % (${gate.phase})` : "there is no gate document";
