import { JOB_STATES } from "../../core/model/states.ts";
import type { SloResult } from "../../dashboards/catalogue/report.ts";
import type { JsonLine } from "../../local/shared/lines.ts";
import { fileLabel } from "../shared/words.ts";
import type { JobInState } from "../../local/run/job-view.ts";
import type { Snapshot } from "../view/view.ts";
import { waitingText } from "../view/waits.ts";
import { Throughput, type Point } from "./throughput.ts";

interface NumberedEvent {
  readonly number: number;
  /** Short name of the file; undefined for an event without a known job. */
  readonly label: string | undefined;
  readonly event: JsonLine;
}

/** Everything that the page shows, except a job's timeline. */
export interface RunStatus {
  readonly phase: "starting" | "running" | "over";
  readonly elapsedMs: number;
  readonly jobs: { readonly total: number; readonly done: number; readonly failed: number };
  readonly bytes: number;
  /** What waits for another attempt, in words. Empty: nothing does. */
  readonly waits: string;
  /** In the order in which a job passes through them. */
  readonly states: readonly { readonly state: string; readonly count: number }[];
  readonly slos: readonly SloResult[];
  readonly points: readonly Point[];
  /** Events after the requested number, oldest first. */
  readonly events: readonly NumberedEvent[];
  readonly eventsSoFar: number;
}

export interface ListedJob {
  readonly id: string;
  readonly label: string;
  readonly reason: string | null;
}

/** What the page asks about the run's jobs. */
export interface RunJobs {
  readonly total: number;
  /** Number of jobs that have begun, by state. */
  states(): ReadonlyMap<string, number>;
  notBegun(limit: number): readonly JobInState[];
  inState(state: string, limit: number): readonly JobInState[];
  urlOf(jobId: string): string | undefined;
}

/** The state shown for a job that no worker has begun yet. */
const WAITING = "WAITING";
/** PUBLISHED is the final state of jobs for which idempotency is off. */
const STATES = [WAITING, ...JOB_STATES.filter((state) => state !== "FAILED"), "PUBLISHED", "FAILED"];

const MOST_EVENTS = 200;
const MOST_JOBS_LISTED = 100;

/**
 * A run as the page shows it. A run may have millions of events, so memory is bounded: it keeps the latest 200 events
 * and at most 600 points of throughput. The run is asked about its jobs when the page asks.
 */
export class LiveRun {
  readonly #throughput = new Throughput();
  readonly #events: JsonLine[] = [];
  #eventsSoFar = 0;
  #phase: RunStatus["phase"] = "starting";
  #jobs: RunJobs | undefined;
  #slos: () => readonly SloResult[] = () => [];
  #first: Snapshot | undefined;
  #latest: Snapshot | undefined;

  began(jobs: RunJobs, slos: () => readonly SloResult[]): void {
    this.#phase = "running";
    this.#jobs = jobs;
    this.#slos = slos;
  }

  heard(event: JsonLine): void {
    this.#eventsSoFar += 1;
    this.#events.push(event);
    if (this.#events.length > MOST_EVENTS) this.#events.shift();
  }

  refreshed(snapshot: Snapshot): void {
    this.#first ??= snapshot;
    this.#latest = snapshot;
    this.#throughput.add({ atMs: snapshot.atMs - this.#first.atMs, bytes: snapshot.bytes, jobs: snapshot.done });
  }

  ended(): void {
    this.#phase = "over";
  }

  /** @param after number of the last event that the caller already has; 0 for none. */
  status(after: number): RunStatus {
    const { atMs = 0, done = 0, failed = 0, bytes = 0, waiting } = this.#latest ?? {};
    return {
      phase: this.#phase,
      elapsedMs: atMs - (this.#first?.atMs ?? atMs),
      jobs: { total: this.#jobs?.total ?? 0, done, failed },
      bytes,
      waits: waiting ? waitingText(waiting) : "",
      states: this.#countStates(),
      slos: this.#slos(),
      points: this.#throughput.points,
      events: this.#eventsAfter(after),
      eventsSoFar: this.#eventsSoFar,
    };
  }

  /** At most 100 jobs in that state. */
  jobsIn(state: string): readonly ListedJob[] {
    const run = this.#jobs;
    const jobs = state === WAITING ? run?.notBegun(MOST_JOBS_LISTED) : run?.inState(state, MOST_JOBS_LISTED);
    return (jobs ?? []).map(({ jobId, url, reason }) => ({ id: jobId, label: fileLabel(url), reason }));
  }

  #eventsAfter(after: number): RunStatus["events"] {
    const dropped = this.#eventsSoFar - this.#events.length;
    const skipped = Math.max(0, after - dropped);
    return this.#events.slice(skipped).map((event, index) => ({
      number: dropped + skipped + index + 1,
      label: this.#labelOf(event["job_id"]),
      event,
    }));
  }

  #labelOf(jobId: unknown): string | undefined {
    const url = typeof jobId === "string" ? this.#jobs?.urlOf(jobId) : undefined;
    return url === undefined ? undefined : fileLabel(url);
  }

  #countStates(): RunStatus["states"] {
    const counts = new Map(STATES.map((state) => [state, 0]));
    let begun = 0;
    for (const [state, count] of this.#jobs?.states() ?? []) {
      counts.set(state, (counts.get(state) ?? 0) + count);
      begun += count;
    }
    counts.set(WAITING, Math.max(0, (this.#jobs?.total ?? 0) - begun));
    return [...counts].map(([state, count]) => ({ state, count }));
  }
}
