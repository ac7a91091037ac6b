/** The five operations: the context that identifies each, the states it leads to, and the operation that follows. */
import type { Operation } from "./operations.ts";
import type { JobState } from "./states.ts";

/** The resume decision needs no I/O, so completing HEAD already takes the job to STREAMING. */
export const headStep = (url: string): Operation => ({
  type: "HEAD",
  context: { url },
  leadsTo: () => ["HEAD_DONE", "RESUME_OK", "STREAMING"],
  next: ({ validator }) => streamStep(url, String(validator)),
});

export const streamStep = (url: string, validator: string): Operation => ({
  type: "STREAM",
  context: { url, validator },
  leadsTo: () => [],
  next: ({ sha256 }) => finalizeStep(String(sha256)),
});

export const finalizeStep = (sha256: string): Operation => ({
  type: "FINALIZE",
  context: { sha256 },
  leadsTo: () => ["FINALIZED"],
  next: ({ outcome }) => indexStep(outcome === "exists" ? "DEDUPE" : "INDEX", sha256),
});

/** INDEX after our own copy, DEDUPE if the content was already there. Who put the entry decides the final state. */
export const indexStep = (type: "INDEX" | "DEDUPE", sha256: string): Operation => ({
  type,
  context: { sha256 },
  leadsTo: ({ outcome }) => [outcome as JobState],
  next: () => undefined,
});
