/** The five operations: what each is known by, which states it leads to, and what comes after it. */
import type { Operation } from "./operations.ts";
import type { JobState } from "./states.ts";

/** The resume decision needs no I/O, so HEAD's completion already takes the job into STREAMING. */
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

/** INDEX after a copy of ours, DEDUPE where the content was there already; who put the entry decides how the job ends. */
export const indexStep = (type: "INDEX" | "DEDUPE", sha256: string): Operation => ({
  type,
  context: { sha256 },
  leadsTo: ({ outcome }) => [outcome as JobState],
  next: () => undefined,
});
