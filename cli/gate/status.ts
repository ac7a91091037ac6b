import type { GateChange, GateDocument } from "../../core/gate/gate-document.ts";
import { timeOf } from "../shared/words.ts";

const WORDS: Readonly<Record<GateDocument["phase"], string>> = {
  baking: "a rollout is baking this step",
  paused: "a rollout is paused at this step",
  complete: "a rollout is complete",
  rolled_back: "a rollout was rolled back",
  set: "set by hand",
  off: "off",
};

const shareOf = (percent: number | undefined): string => (percent === undefined ? "none" : `${percent} %`);

const describeChange = ({ version, atMs, by, from, to, phase, reason }: GateChange): string =>
  `  ${version}  ${timeOf(atMs)}  ${shareOf(from)} -> ${shareOf(to)}  ${phase}, by ${by}: ${reason}`;

/** The gate's current state. */
export function gateNow(gate: GateDocument | undefined): readonly string[] {
  if (!gate)
    return [
      "There is no gate document: only the workers' variable DOCSTOKG_ENABLE_IDEMPOTENCY decides. Create one with off or set.",
    ];
  const { bakedFromMs, blindFromMs } = gate;
  return [
    `At most ${shareOf(gate.percent)} of jobs take the exactly-once path: ${WORDS[gate.phase]} (version ${gate.version}).`,
    ...(bakedFromMs === undefined ? [] : [`The step has been baking since ${timeOf(bakedFromMs)}.`]),
    ...(blindFromMs === undefined
      ? []
      : [`The alarms have been unreadable since ${timeOf(blindFromMs)}. Look at the rollout controller's log.`]),
  ];
}

/** The gate's current state, then its history, newest first. */
export const describeGate = (gate: GateDocument | undefined): readonly string[] =>
  gate
    ? [
        ...gateNow(gate),
        "",
        "History (names are as the callers gave them):",
        ...gate.history.toReversed().map(describeChange),
      ]
    : gateNow(gate);
