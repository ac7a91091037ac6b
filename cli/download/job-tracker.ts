import { z } from "zod";
import { gateAdmits, type Gate } from "../../core/gate/gate.ts";
import { jobIdOf } from "../../core/model/keys.ts";
import { jobMessage, type JobMessage } from "../../core/model/message.ts";
import type { JobRecord } from "../../core/model/record.ts";
import { isTerminal, JOB_STATES } from "../../core/model/states.ts";
import { outcomeOf, resultOf, UNKNOWN, type JobResult, type Outcome } from "./results.ts";

interface TrackedJob {
  readonly message: JobMessage;
  /** true: the job has a record in the table. false: only its worker's log tells its outcome. */
  readonly isGuarded: boolean;
  /** The record that an earlier run left. */
  earlier?: JobRecord;
  record?: JobRecord;
  outcome: Outcome;
}

const stateChange = z.object({
  event: z.literal("job_state_changed"),
  job_id: z.string(),
  to_state: z.enum(JOB_STATES),
});
const plainEnd = z.discriminatedUnion("message", [
  z.object({
    message: z.literal("published"),
    job_id: z.string(),
    sha256: z.string(),
    bytes: z.number(),
    key: z.string(),
    content_type: z.string(),
  }),
  z.object({ message: z.literal("refused"), job_id: z.string(), reason: z.string() }),
]);

/** Tracks whether and how each job of a manifest has ended. Telemetry only gives hints; records and logs decide. */
export class JobTracker {
  readonly #messages: readonly JobMessage[];
  readonly #jobs = new Map<string, TrackedJob>();
  readonly #open = new Set<string>();
  readonly #saidToHaveEnded = new Set<string>();
  readonly #onEnded: (result: JobResult) => void;

  constructor(messages: readonly JobMessage[], gate: Gate, onEnded: (result: JobResult) => void) {
    this.#messages = messages;
    this.#onEnded = onEnded;
    for (const message of messages) {
      const jobId = jobIdOf(message);
      if (this.#jobs.has(jobId)) continue;
      this.#jobs.set(jobId, { message, isGuarded: gateAdmits(gate, jobId), outcome: UNKNOWN });
      this.#open.add(jobId);
    }
  }

  /** Number of distinct jobs: a job that several lines name counts once. */
  get total(): number {
    return this.#jobs.size;
  }

  get openCount(): number {
    return this.#open.size;
  }

  messageOf(jobId: string): JobMessage | undefined {
    return this.#jobs.get(jobId)?.message;
  }

  guardedIds(): readonly string[] {
    return [...this.#jobs].filter(([, job]) => job.isGuarded).map(([jobId]) => jobId);
  }

  /** Takes a record that an earlier run left. Called before any message is sent. */
  meetEarlier(record: JobRecord): void {
    const job = this.#jobs.get(record.jobId);
    if (!job) return;
    job.earlier = record;
    job.record = record;
    job.outcome = outcomeOf(record);
    if (isTerminal(record.state)) this.#open.delete(record.jobId);
  }

  meetRecord(record: JobRecord): void {
    const job = this.#jobs.get(record.jobId);
    if (!job || !this.#open.has(record.jobId)) return;
    job.record = record;
    job.outcome = outcomeOf(record);
    if (isTerminal(record.state)) this.#end(record.jobId, job);
  }

  hearTelemetry(line: unknown): void {
    const change = stateChange.safeParse(line).data;
    const job = change && this.#jobs.get(change.job_id);
    if (!job || !this.#open.has(change.job_id)) return;
    job.outcome = { ...job.outcome, state: change.to_state };
    if (isTerminal(change.to_state)) this.#saidToHaveEnded.add(change.job_id);
  }

  hearLog(line: unknown): void {
    const end = plainEnd.safeParse(line).data;
    if (!end) return;
    if (end.message === "refused") return this.fail(end.job_id, end.reason);
    const { sha256, bytes, key, content_type } = end;
    this.#endWith(end.job_id, { ...UNKNOWN, state: "PUBLISHED", sha256, bytes, key, content_type });
  }

  /** Id of the job that a dead letter belongs to. Undefined unless it is in the manifest and still open. */
  openJobOfBody(body: string): string | undefined {
    try {
      const message = jobMessage.safeParse(JSON.parse(body));
      const jobId = message.success ? jobIdOf(message.data) : undefined;
      return jobId !== undefined && this.#open.has(jobId) ? jobId : undefined;
    } catch {
      return undefined;
    }
  }

  fail(jobId: string, reason: string): void {
    this.#endWith(jobId, { ...UNKNOWN, state: "FAILED", reason });
  }

  /**
   * Ids of the jobs whose records to read next: those that telemetry says have ended, and up to `limit` other open jobs
   * in turn, because telemetry can be lost.
   */
  nextToRead(limit: number): readonly string[] {
    const chosen = new Set(this.#saidToHaveEnded);
    this.#saidToHaveEnded.clear();
    for (const jobId of [...this.#open].slice(0, limit)) {
      this.#open.delete(jobId);
      this.#open.add(jobId);
      chosen.add(jobId);
    }
    return [...chosen].filter((jobId) => this.#jobs.get(jobId)?.isGuarded);
  }

  /** One result for each line of the manifest, in the manifest's order. */
  results(): readonly JobResult[] {
    return this.#messages.map((message) => resultOf(message, this.#jobs.get(jobIdOf(message))?.outcome ?? UNKNOWN));
  }

  /** Each job once, with its id. */
  entries(): Iterable<readonly [string, Readonly<TrackedJob>]> {
    return this.#jobs.entries();
  }

  #endWith(jobId: string, outcome: Outcome): void {
    const job = this.#jobs.get(jobId);
    if (!job || !this.#open.has(jobId)) return;
    job.outcome = outcome;
    this.#end(jobId, job);
  }

  #end(jobId: string, job: TrackedJob): void {
    this.#open.delete(jobId);
    this.#onEnded(resultOf(job.message, job.outcome));
  }
}
