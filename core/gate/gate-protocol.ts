/**
 * Every write to the gate document, as data. Each names the version that its writer has seen: of two writers at once, the
 * second is refused, reads again and thinks again. Whatever a change means is in one write, its audit included.
 */
import type { Gate } from "./gate.ts";
import { encodeChange, GATE_KEY, type GateChange, type GateDocument, type GatePhase } from "./gate-document.ts";
import type { Clause, Write } from "../model/write.ts";

/** Changes that the document remembers. */
const LONGEST_HISTORY = 50;

export interface PlannedChange {
  readonly percent: Gate;
  readonly phase: GatePhase;
  readonly retreatTo: Gate;
  readonly reason: string;
}

const isAsSeen = (seen: GateDocument | undefined): Clause =>
  seen ? { attribute: "version", is: "=", than: seen.version } : { attribute: "pk", is: "absent" };

export const changeOf = (
  seen: GateDocument | undefined,
  { percent, phase, reason }: PlannedChange,
  by: string,
  atMs: number,
): GateChange => ({ version: seen ? seen.version + 1 : 1, atMs, by, from: seen?.percent, to: percent, phase, reason });

/** Another percentage or phase. The bake begins anew, when the controller sees it. */
export function changeGate(seen: GateDocument | undefined, planned: PlannedChange, change: GateChange): Write {
  const history = [...(seen?.history ?? []), change].slice(-LONGEST_HISTORY);
  return {
    key: GATE_KEY,
    when: [[isAsSeen(seen)]],
    set: {
      version: change.version,
      percent: planned.percent,
      phase: planned.phase,
      retreat_to: planned.retreatTo,
      history: history.map(encodeChange),
    },
    remove: ["baked_from", "blind_from"],
  };
}

/**
 * What the controller has to remember of its look at the alarms until the next one; undefined where it knows that already.
 * No change of the gate, so no new version: an operator's command is not refused because of it.
 */
export function noteLook(seen: GateDocument, areReadable: boolean, nowMs: number): Write | undefined {
  const write = { key: GATE_KEY, when: [[isAsSeen(seen)]] };
  if (!areReadable)
    return seen.blindFromMs === undefined ? { ...write, setIfAbsent: { blind_from: nowMs } } : undefined;
  if (seen.blindFromMs !== undefined) return { ...write, remove: ["blind_from"] };
  return seen.bakedFromMs === undefined ? { ...write, setIfAbsent: { baked_from: nowMs } } : undefined;
}
