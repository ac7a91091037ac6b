/** The rollout of the gate as a pure state machine: which change follows from the document, the alarms and the time. */
import type { Gate } from "./gate.ts";
import type { GateDocument, GatePhase } from "./gate-document.ts";
import { RefusalError } from "../document/change-document.ts";
import type { PlannedChange } from "./gate-protocol.ts";
import type { AlarmState } from "../ports/alarms.ts";

export const ROLLOUT_STEPS: readonly Gate[] = [5, 25, 50, 100];

export interface GateRolloutSettings {
  /** How long all alarms must have been OK, without a break, before the next step. */
  readonly bakeMs: number;
  /** How long a rollout holds its step while the alarms cannot be read. Then it goes back. */
  readonly blindMs: number;
}

/** What one look at the alarms showed. */
export type Look =
  | { readonly kind: "burning"; readonly alarm: string }
  /** All are OK; the last of them became OK at `sinceMs`. */
  | { readonly kind: "clear"; readonly sinceMs: number }
  | { readonly kind: "undecided"; readonly alarm: string }
  | { readonly kind: "unreadable"; readonly reason: string };

/** A single alarm in ALARM decides. An alarm with too little data does not count as OK. */
export function lookAt(alarms: readonly AlarmState[]): Look {
  const burning = alarms.find(({ state }) => state === "ALARM");
  if (burning) return { kind: "burning", alarm: burning.name };
  const undecided = alarms.find(({ state }) => state !== "OK");
  if (undecided) return { kind: "undecided", alarm: undecided.name };
  if (alarms.length === 0) return { kind: "unreadable", reason: "no alarm is watched" };
  return { kind: "clear", sinceMs: Math.max(...alarms.map(({ sinceMs }) => sinceMs)) };
}

export const isRollingOut = ({ phase }: GateDocument): boolean => phase === "baking" || phase === "paused";

/** The change to make now; undefined if there is none. */
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

/** @throws RefusalError when the gate's phase does not allow the command. */
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
        throw new RefusalError(`No rollout is running: ${inWords(gate)}. Nothing to pause.`);
      return moved(gate, "paused", reason);
    case "resume":
      if (gate?.phase !== "paused")
        throw new RefusalError(`No rollout is paused: ${inWords(gate)}. Nothing to resume.`);
      return moved(gate, "baking", reason);
  }
}

function started(gate: GateDocument | undefined, reason: string): PlannedChange {
  if (!gate)
    throw new RefusalError(
      "There is no gate document: the workers' variable alone decides, and a rollout would begin by taking jobs off " +
        "the guarded path. First say where it begins, with off or set PERCENT. Then start it.",
    );
  if (isRollingOut(gate)) throw new RefusalError(`A rollout is running: ${inWords(gate)}. Say pause, resume or off.`);
  const percent = stepAfter(gate.percent);
  if (percent === undefined) throw new RefusalError(`There is nothing to roll out: ${inWords(gate)}.`);
  return { percent, phase: "baking", retreatTo: gate.percent, reason };
}

const inWords = (gate: GateDocument | undefined): string =>
  gate ? `the gate is at ${gate.percent} % (${gate.phase})` : "there is no gate document";
