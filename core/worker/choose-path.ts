import { gateAdmits } from "../gate/gate.ts";
import { DOCUMENT_READ_TIMEOUT_MS } from "../document/document-reader.ts";
import { jobItemKey } from "../model/keys.ts";
import type { JobMessage } from "../model/message.ts";
import type { WorkerDeps } from "./worker-deps.ts";
import { within } from "../document/within.ts";

/**
 * Whether this attempt takes the guarded path. This is decided once, when the attempt begins. A job is admitted only if
 * both the variable and the gate document admit it. A job with a record is guarded whatever they say, so that it ends
 * on the path on which it began.
 * @throws GateUnknownError when the gate document cannot be read, and the table's trouble when the record cannot.
 */
export async function isGuarded(deps: WorkerDeps, message: JobMessage, jobId: string): Promise<boolean> {
  const { gateCeiling } = deps.settings;
  const isSentAgain = message.sent_at !== undefined;
  if (message.tracked === true && !isSentAgain) return true;
  // At 0 the table is not read at all, so that this also works while the table is down.
  if (gateCeiling === 0) return false;
  if (gateAdmits(gateCeiling, jobId) && (await deps.gate.admits(jobId))) return true;
  return hasRecord(deps, jobId);
}

/**
 * Whether an earlier delivery was guarded. Only this message may be left to bring a recorded job back, and nothing
 * tells that it has been delivered before: what comes out of the dead-letter queue is a new message.
 */
const hasRecord = async ({ clock, items }: WorkerDeps, jobId: string): Promise<boolean> =>
  (await within(clock, DOCUMENT_READ_TIMEOUT_MS, items.read(jobItemKey(jobId)))) !== undefined;
