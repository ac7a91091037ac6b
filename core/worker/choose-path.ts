import { gateAdmits } from "../gate/gate.ts";
import { GATE_READ_TIMEOUT_MS } from "../gate/gate-reader.ts";
import { jobItemKey } from "../model/keys.ts";
import type { JobMessage } from "../model/message.ts";
import type { WorkerDeps } from "./worker-deps.ts";
import { within } from "../gate/within.ts";

/**
 * Whether this attempt is guarded, decided once, when it begins. Admitted is who is admitted by the variable and by the
 * document; a job with a record is guarded whatever they say, so that it ends on the side on which it began.
 * @throws GateUnknownError when nobody can tell.
 */
export async function isGuarded(
  deps: WorkerDeps,
  message: JobMessage,
  receiveCount: number,
  jobId: string,
): Promise<boolean> {
  const { gateCeiling } = deps.settings;
  if (message.tracked === true) return true;
  // The table may be what is sick: then nothing of it is needed.
  if (gateCeiling === 0) return false;
  if (gateAdmits(gateCeiling, jobId) && (await deps.gate.admits(jobId))) return true;
  return receiveCount > 1 && hasRecord(deps, jobId);
}

/** Whether an earlier delivery was guarded. Where the table cannot tell, the record comes back by itself all the same. */
async function hasRecord({ clock, items }: WorkerDeps, jobId: string): Promise<boolean> {
  try {
    return (await within(clock, GATE_READ_TIMEOUT_MS, items.read(jobItemKey(jobId)))) !== undefined;
  } catch {
    return false;
  }
}
