import type { GateChange, GateDocument } from "../../core/gate/gate-document.ts";

const WORDS: Readonly<Record<GateDocument["phase"], string>> = {
  baking: "a rollout bakes this step",
  paused: "a rollout is paused at this step",
  complete: "a rollout is complete",
  rolled_back: "a rollout was taken back",
  set: "set by hand",
  off: "off",
};

const timeOf = (ms: number): string => new Date(ms).toISOString();
const shareOf = (percent: number | undefined): string => (percent === undefined ? "none" : `${percent} %`);

const describeChange = ({ version, atMs, by, from, to, phase, reason }: GateChange): string =>
  `  ${version}  ${timeOf(atMs)}  ${shareOf(from)} -> ${shareOf(to)}  ${phase}, by ${by}: ${reason}`;

/** What the gate is, and its history, newest first. */
export function describeGate(gate: GateDocument | undefined): readonly string[] {
  if (!gate)
    return [
      "There is no gate document: DOCSTOKG_ENABLE_IDEMPOTENCY of the workers alone decides. Write one with off or set.",
    ];
  const { bakedFromMs, blindFromMs } = gate;
  return [
    `${shareOf(gate.percent)} of jobs, at most, take the exactly-once path: ${WORDS[gate.phase]} (version ${gate.version}).`,
    ...(bakedFromMs === undefined ? [] : [`The step bakes since ${timeOf(bakedFromMs)}.`]),
    ...(blindFromMs === undefined
      ? []
      : [`The alarms cannot be read since ${timeOf(blindFromMs)}: look at the controller's log.`]),
    "",
    "History (who is what the caller said):",
    ...gate.history.toReversed().map(describeChange),
  ];
}
