/** The states of a job, and which may follow which. Nothing else decides that. */
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

/** The states to which reopening takes a FAILED job. Nothing else ever moves a job back (ADR 0606). */
export type ReopenedState = Extract<JobState, "LEASED" | "FINALIZED">;

export const JOB_STATES = Object.keys(FOLLOWERS) as readonly JobState[];
/** The states of a job whose content is in place. */
export const STORED_STATES = ["INDEXED", "DEDUPED"] as const satisfies readonly JobState[];
export const OPEN_STATES = JOB_STATES.filter((state) => FOLLOWERS[state].length > 0);

/** The states in which a job has ended. */
export const ENDED_STATES = JOB_STATES.filter((state) => FOLLOWERS[state].length === 0);

export const isJobState = (text: unknown): text is JobState => JOB_STATES.includes(text as JobState);
export const isTerminal = (state: JobState): boolean => !OPEN_STATES.includes(state);

export const mayFollow = (from: JobState, to: JobState): boolean =>
  (FOLLOWERS[from] as readonly JobState[]).includes(to);

/**
 * The part of `path` that is still ahead of `from`, checked against the table above.
 * @throws RangeError when the table does not allow a step: a bug in our code, never bad data.
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
