import type { RefusedJob } from "./job.ts";

export interface JobProblem {
  /** Its path: `headers.cookie`, for example. Empty: the job itself. */
  readonly field: string;
  /** What is wrong, and what to write. */
  readonly reason: string;
}

/** A job that no queue was asked about, because fetchonce would refuse it. Correct the job, and send it then. */
export class InvalidJobError extends Error {
  override readonly name = "InvalidJobError";
  /** At least one. */
  readonly problems: readonly JobProblem[];
  readonly job: unknown;

  constructor(problems: readonly JobProblem[], job: unknown) {
    super(problems.map(({ field, reason }) => `${field === "" ? "the job" : field}: ${reason}`).join("; "));
    this.problems = problems;
    this.job = job;
  }
}

/** The queue has not taken these jobs. Remove the cause, and send them again: it does no harm to send a job twice. */
export class NotSentError extends Error {
  override readonly name = "NotSentError";
  /** At least one. */
  readonly refused: readonly RefusedJob[];

  constructor(refused: readonly RefusedJob[]) {
    const jobs = refused.length === 1 ? "1 job was" : `${refused.length} jobs were`;
    const [first] = refused;
    super(
      `${jobs} not sent. The queue said of the first one: ${first?.code}: ${first?.message}. ` +
        "Remove the cause, and send what is in `refused` again.",
    );
    this.refused = refused;
  }
}
