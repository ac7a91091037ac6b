import { decodeGate, encodeChange, GATE_KEY, type GateChange, type GateDocument } from "./gate-document.ts";
import { changeGate, changeOf, type PlannedChange } from "./gate-protocol.ts";
import { canonicalJson } from "../model/keys.ts";
import type { Items } from "../ports/items.ts";
import type { Clock } from "../ports/runtime.ts";

const MOST_ATTEMPTS = 10;

export interface GateDeps {
  readonly clock: Clock;
  readonly items: Items;
}

export interface GateOutcome {
  readonly gate: GateDocument | undefined;
  /** Undefined if there was nothing to change. */
  readonly change: GateChange | undefined;
}

export class GateBusyError extends Error {
  override readonly name = "GateBusyError";

  constructor() {
    super(`Others changed the gate ${MOST_ATTEMPTS} times in the meantime. Look at its status and try again.`);
  }
}

/**
 * Plans a change from the current document and writes it only if the document is unchanged. After a lost race, it plans
 * again from the new document.
 * @throws GateBusyError after 10 lost races, and anything that `plan` throws.
 */
export async function changeGateBy(
  { clock, items }: GateDeps,
  by: string,
  plan: (gate: GateDocument | undefined) => PlannedChange | undefined,
): Promise<GateOutcome> {
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const gate = await readGate(items);
    const planned = plan(gate);
    if (!planned) return { gate, change: undefined };
    const change = changeOf(gate, planned, by, clock.nowMs());
    const { applied, item } = await items.write(changeGate(gate, planned, change));
    const after = item && decodeGate(item);
    // Refused because of our own change: the write was sent again after its answer was lost.
    if (applied || isLast(after, change)) return { gate: after, change };
  }
  throw new GateBusyError();
}

export async function readGate(items: Items): Promise<GateDocument | undefined> {
  const item = await items.read(GATE_KEY);
  return item && decodeGate(item);
}

function isLast(gate: GateDocument | undefined, change: GateChange): boolean {
  const last = gate?.history.at(-1);
  return last !== undefined && canonicalJson(encodeChange(last)) === canonicalJson(encodeChange(change));
}
