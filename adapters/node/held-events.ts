import { packJob, type Fields, type TimedEvent } from "../../core/telemetry/packed-job.ts";
import { STORED_STATES } from "../../core/model/states.ts";

export interface Holding {
  /** How long the events of a job are held back, in ms: so much of them a crash loses. 0: not at all. */
  readonly holdMs: number;
  /** Of the jobs without trouble, so many have their events written. */
  readonly samplePercent: number;
}

export interface EventWriter {
  writeEvent(timed: TimedEvent): void;
  writePacked(line: Fields): void;
}

interface HeldJob {
  readonly events: TimedEvent[];
  readonly timer: NodeJS.Timeout;
}

const isStored = ({ event }: TimedEvent): boolean =>
  event.event === "job_state_changed" && (STORED_STATES as readonly string[]).includes(event.to_state);

/** Whatever is not listed here is trouble, and so are events of a later release. */
const USUAL = /^(job_leased|job_state_changed|operation_started|operation_completed|lease_released)$/;

const isUsual = ({ event }: TimedEvent): boolean =>
  USUAL.test(event.event) && !(event.event === "job_state_changed" && event.to_state === "FAILED");

/** Other bits of the id than those that the gate looks at, so that a sample of a part of the jobs is one as well. */
const isSampled = (jobId: string, percent: number): boolean =>
  Number.parseInt(jobId.slice(8, 16), 16) < (percent / 100) * 2 ** 32;

/**
 * Holds the events of each job from its first one on. If it is stored within `holdMs` and nothing else than usual
 * happens, they become one packed line. In every other case they are written one by one, at once, and so are those that
 * follow. The order of a job's events is kept.
 */
export class HeldEvents {
  readonly #holding: Holding;
  readonly #writer: EventWriter;
  readonly #jobs = new Map<string, HeldJob>();

  constructor(holding: Holding, writer: EventWriter) {
    this.#holding = holding;
    this.#writer = writer;
  }

  take(timed: TimedEvent): void {
    const { event } = timed;
    const jobId = ("job_id" in event && event.job_id) || "";
    if (event.event === "job_planned" && this.#holding.holdMs > 0) this.#hold(jobId, timed);
    else {
      const job = this.#jobs.get(jobId);
      if (!job) return this.#writer.writeEvent(timed);
      job.events.push(timed);
      if (!isUsual(timed)) this.trouble(jobId);
      else if (event.event === "lease_released") this.#end(jobId, job);
    }
  }

  /** Writes what is held of the job, as lines. */
  trouble(jobId: string): void {
    for (const timed of this.#release(jobId)) this.#writer.writeEvent(timed);
  }

  flush(): void {
    for (const jobId of this.#jobs.keys()) this.trouble(jobId);
  }

  #hold(jobId: string, timed: TimedEvent): void {
    this.trouble(jobId);
    const timer = setTimeout(() => this.trouble(jobId), this.#holding.holdMs).unref();
    this.#jobs.set(jobId, { events: [timed], timer });
  }

  /** A job that is released before it is stored waits, or goes on elsewhere. */
  #end(jobId: string, { events }: HeldJob): void {
    if (!events.some(isStored)) return this.trouble(jobId);
    this.#release(jobId);
    if (isSampled(jobId, this.#holding.samplePercent)) this.#writer.writePacked(packJob(events));
  }

  #release(jobId: string): readonly TimedEvent[] {
    const { events, timer } = this.#jobs.get(jobId) ?? { events: [], timer: undefined };
    clearTimeout(timer);
    this.#jobs.delete(jobId);
    return events;
  }
}
