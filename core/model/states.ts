/** The job's life as a table. Nothing else decides what may follow what. */
const FOLLOWERS = {
  PLANNED: ["LEASED", "FAILED"],
  LEASED: ["HEAD_DONE", "FAILED"],
  HEAD_DONE: ["RESUME_OK", "FAILED"],
  RESUME_OK: ["STREAMING", "FAILED"],
  STREAMING: ["FINALIZED", "FAILED"],
  FINALIZED: ["INDEXED", "DEDUPED", "FAILED"],
  INDEXED: [],
  DEDUPED: [],
  FAILED: [],
} as const satisfies Record<string, readonly string[]>;

export type JobState = keyof typeof FOLLOWERS;

/** Where reopening takes a job that FAILED; nothing else ever takes one back (ADR 0606). */
export type ReopenedState = Extract<JobState, "LEASED" | "FINALIZED">;

export const JOB_STATES = Object.keys(FOLLOWERS) as readonly JobState[];
/** Where a job is whose content is in place. */
export const STORED_STATES = ["INDEXED", "DEDUPED"] as const satisfies readonly JobState[];
export const OPEN_STATES = JOB_STATES.filter((state) => FOLLOWERS[state].length > 0);

export const isJobState = (text: unknown): text is JobState => JOB_STATES.includes(text as JobState);
export const isTerminal = (state: JobState): boolean => !OPEN_STATES.includes(state);

export const mayFollow = (from: JobState, to: JobState): boolean =>
  (FOLLOWERS[from] as readonly JobState[]).includes(to);

/**
 * The part of `path` that is still ahead of `from`, checked against the table.
 * @throws RangeError when the table does not allow it: a fault in our code, never in the data.
 */
export function walk(from: JobState, path: readonly JobState[]): readonly JobState[] {
  const ahead = path.slice(path.indexOf(from) + 1);
  let current = from;
  for (const step of ahead) {
    if (!mayFollow(current, step)) throw new RangeError(`A job may not go from ${current} to ${step}`);
    current = step;
  }
  return ahead;
}
