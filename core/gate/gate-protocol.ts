/** Every write to the gate document, as data. Each names the version that its writer has seen. */
import { historyWith, isAsSeen, versionAfter } from "../document/change-document.ts";
import type { Gate } from "./gate.ts";
import { encodeChange, GATE_KEY, type GateChange, type GateDocument, type GatePhase } from "./gate-document.ts";
import type { Write } from "../model/write.ts";

export interface PlannedChange {
  readonly percent: Gate;
  readonly phase: GatePhase;
  readonly retreatTo: Gate;
  readonly reason: string;
}

export const changeOf = (
  seen: GateDocument | undefined,
  { percent, phase, reason }: PlannedChange,
  by: string,
  atMs: number,
): GateChange => ({ version: versionAfter(seen), atMs, by, from: seen?.percent, to: percent, phase, reason });

/** Changes the percentage or the phase. The bake begins again when the controller sees the change. */
export function changeGate(seen: GateDocument | undefined, planned: PlannedChange, change: GateChange): Write {
  return {
    key: GATE_KEY,
    when: [[isAsSeen(seen)]],
    set: {
      version: change.version,
      percent: planned.percent,
      phase: planned.phase,
      retreat_to: planned.retreatTo,
      history: historyWith(seen, change).map(encodeChange),
    },
    remove: ["baked_from", "blind_from"],
  };
}

/**
 * Records what the controller must remember about the alarms until its next look; undefined if it is recorded already.
 * This does not change the gate, so the version stays the same: no operator's command is refused because of it.
 */
export function noteLook(seen: GateDocument, areReadable: boolean, nowMs: number): Write | undefined {
  const write = { key: GATE_KEY, when: [[isAsSeen(seen)]] };
  if (!areReadable)
    return seen.blindFromMs === undefined ? { ...write, setIfAbsent: { blind_from: nowMs } } : undefined;
  if (seen.blindFromMs !== undefined) return { ...write, remove: ["blind_from"] };
  return seen.bakedFromMs === undefined ? { ...write, setIfAbsent: { baked_from: nowMs } } : undefined;
}
