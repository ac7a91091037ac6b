import type { SimulatedProcess } from "../services/process.ts";
import { Violation } from "./violation.ts";

/** Heartbeats and the read of the gate may be cut off. Nothing waits for them, and nothing depends on them. */
const MAY_BE_CUT_OFF = new Set(["queue.hideFor", "items.write", "items.read"]);

/** Lambda stops a process when its invocation has answered: what is then still under way may never happen. */
export function checkNothingUnderWay(
  { name, isDead, underWay }: SimulatedProcess,
  mayBeCutOff = new Set<string>(),
): void {
  if (isDead) return;
  for (const [call, count] of underWay)
    if (count > 0 && !mayBeCutOff.has(call))
      throw new Violation(`${name} ended its invocation without waiting for ${call}`);
}

export const checkWorkerDone = (process: SimulatedProcess): void => checkNothingUnderWay(process, MAY_BE_CUT_OFF);
