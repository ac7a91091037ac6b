/** The five operations: the context that identifies each, the states it leads to, and whether it may be run again. */
import type { Operation, OperationResult } from "./operations.ts";
import type { Transfer } from "./record.ts";
import type { JobState } from "./states.ts";

/** The resume decision needs no I/O, so completing HEAD already takes the job to STREAMING. */
export const headStep = (url: string): Operation => ({
  type: "HEAD",
  context: { url },
  leadsTo: () => ["HEAD_DONE", "RESUME_OK", "STREAMING"],
  isRepeatable: () => true,
});

/** A body that was put at its content address is found there by whoever puts it again. */
const isPlaced = ({ placed }: OperationResult): boolean => placed !== undefined;

export const streamStep = (url: string, validator: string): Operation => ({
  type: "STREAM",
  context: { url, validator },
  leadsTo: () => [],
  isRepeatable: isPlaced,
});

/** What was staged may be removed when this is recorded. If nothing was staged, nothing waits for the record. */
export const finalizeStep = ({ placed, sha256 }: Transfer): Operation => ({
  type: "FINALIZE",
  context: { sha256 },
  leadsTo: () => ["FINALIZED"],
  isRepeatable: () => placed !== undefined,
});

/** INDEX after our own copy, DEDUPE if the content was already there. Who put the entry decides the final state. */
export const indexStep = (type: "INDEX" | "DEDUPE", sha256: string): Operation => ({
  type,
  context: { sha256 },
  leadsTo: ({ outcome }) => [outcome as JobState],
  isRepeatable: () => false,
});
