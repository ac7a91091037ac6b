import { parseGate } from "../../core/gate/gate.ts";
import { JobView } from "../../local/run/job-view.ts";
import type { LocalRun, RunOptions } from "../../local/run/local-run.ts";
import { waitingJobs, type Waiting } from "../../local/run/waiting.ts";
import { StoppedByMachineError } from "../../local/run/run-errors.ts";
import { fileLabel, plural } from "../shared/words.ts";
import { EXIT } from "../terminal/exit.ts";
import type { Snapshot, View } from "../view/view.ts";
import type { Arguments } from "./arguments.ts";
import { isStandardInput } from "./intake.ts";
import { writeRecords } from "./records.ts";
import { describeSummary, figuresOf, leftAlone } from "./summary.ts";
import type { Tally } from "./tally.ts";

export interface RunWatcher {
  /** The jobs of the list are known; the workers begin now. */
  began?(run: LocalRun, tally: Tally, view: View): void;
  /** Called a few times a second. */
  refreshed?(snapshot: Snapshot): void;
  /** All jobs have ended, and the workers are still there. */
  beforeEnd?(run: LocalRun): Promise<void>;
  ended?(): Promise<void>;
  readonly options?: Pick<RunOptions, "onActivity" | "onWorkerDied" | "onEnded">;
}

/** How the list comes in. `stream` is absent when it is complete. */
export interface Intake {
  /** Lines that were skipped. */
  invalid: number;
  readonly stream?: Promise<number>;
}

interface Followed {
  readonly run: LocalRun;
  readonly args: Arguments;
  readonly tally: Tally;
  readonly view: View;
  readonly intake: Intake;
  readonly watchers: readonly RunWatcher[];
  readonly signal: AbortSignal;
}

const REFRESH_EVERY_MS = 200;
/** Of this process's time, so much may go into looking for jobs that wait. */
const LOOKING_SHARE = 0.01;
const MOST_FILES_SHOWN = 6;

/** Shows a run while it is at work, and tells at its end what was done. */
export class Following {
  readonly #followed: Followed;
  readonly #jobs: JobView;
  readonly #startedMs = performance.now();
  readonly #startedAtMs = Date.now();
  #isGrowing: boolean;
  #waiting: Waiting = { jobs: 0, by: [] };
  #nextLookMs = -Infinity;

  constructor(followed: Followed) {
    const { intake, run } = followed;
    this.#followed = followed;
    this.#jobs = new JobView(run.workspace.database, () => run.lines.list);
    this.#isGrowing = intake.stream !== undefined;
  }

  /** @returns the exit code. */
  async toTheEnd(): Promise<number> {
    const { signal, view } = this.#followed;
    const onStop = (): void => view.say("Stopping. Press Ctrl-C again to stop at once.");
    signal.addEventListener("abort", onStop, { once: true });
    const refreshing = setInterval(() => this.#refresh(), REFRESH_EVERY_MS);
    let stopped: string | undefined;
    try {
      return await this.#work();
    } catch (error) {
      if (!(error instanceof StoppedByMachineError)) throw error;
      stopped = error.message;
      return EXIT.machine;
    } finally {
      clearInterval(refreshing);
      await this.#end(stopped);
      signal.removeEventListener("abort", onStop);
    }
  }

  async #work(): Promise<number> {
    const { args, intake, run, signal, tally, view, watchers } = this.#followed;
    for (const line of opening(run, args, tally)) view.say(line);
    for (const watcher of watchers) watcher.began?.(run, tally, view);
    void this.#takeStream();
    await run.work(() => !this.#isGrowing, signal);
    if (signal.aborted) return EXIT.interrupted;
    for (const watcher of watchers) await watcher.beforeEnd?.(run);
    return hasFailures(args, tally, intake) ? EXIT.failed : EXIT.done;
  }

  async #takeStream(): Promise<void> {
    const { intake, run } = this.#followed;
    try {
      intake.invalid += (await intake.stream) ?? 0;
      this.#isGrowing = false;
    } catch (error) {
      run.fail(error);
    }
  }

  #refresh(): void {
    const { run, view, watchers } = this.#followed;
    try {
      const snapshot = this.#snapshot();
      view.refresh(snapshot);
      for (const watcher of watchers) watcher.refreshed?.(snapshot);
    } catch (error) {
      run.fail(error);
    }
  }

  #snapshot(): Snapshot {
    const { run, tally } = this.#followed;
    const { clock, database } = run.workspace;
    const atMs = performance.now();
    if (atMs >= this.#nextLookMs) {
      this.#waiting = waitingJobs(database, clock.nowMs());
      this.#nextLookMs = atMs + (performance.now() - atMs) / LOOKING_SHARE;
    }
    return {
      atMs,
      total: tally.jobs,
      isGrowing: this.#isGrowing,
      done: tally.done,
      failed: tally.failedNow + tally.earlier.failed,
      bytes: tally.receivedBytes,
      underWay: tally.underWay.slice(0, MOST_FILES_SHOWN).flatMap(({ jobId }) => {
        const job = this.#jobs.underWay(jobId);
        return job ? [{ label: fileLabel(job.url), bytes: job.stagedBytes, size: job.totalBytes }] : [];
      }),
      waiting: this.#waiting,
    };
  }

  /** @param stopped why this machine stopped the run. */
  async #end(stopped: string | undefined): Promise<void> {
    const { args, intake, run, signal, tally, view, watchers } = this.#followed;
    await run.stopWorkers();
    this.#refresh();
    const left = intake.stream ? run.lines.oldJobs : 0;
    for (const watcher of watchers) await watcher.ended?.();
    const elapsedMs = performance.now() - this.#startedMs;
    const end = { startedAtMs: this.#startedAtMs, isInterrupted: signal.aborted, stopped };
    const unwritten = await writeRecords(run, args, end);
    const figures = { elapsedMs, invalid: intake.invalid, outDir: args.outDir, stopped, unwritten, left };
    view.close(describeSummary(tally, figures), figuresOf(tally, figures));
  }
}

const hasFailures = ({ skipInvalid }: Arguments, { earlier, failedNow }: Tally, { invalid }: Intake): boolean =>
  failedNow + earlier.failed > 0 || (invalid > 0 && !skipInvalid);

function opening(run: LocalRun, args: Arguments, { earlier }: Tally): readonly string[] {
  const isStream = isStandardInput(args);
  const what = isStream ? "URLs from standard input" : plural(earlier.jobs, "URL");
  return [
    `${what}, ${args.jobs} at a time, into ${args.outDir}${gateInWords(args.enableIdempotency)}`,
    ...(isStream ? [] : leftAlone(run.lines.oldJobs, args.outDir)),
    ...(earlier.done > 0
      ? [`${earlier.done} of ${earlier.jobs} ${earlier.done === 1 ? "is" : "are"} there from an earlier run`]
      : []),
  ];
}

function gateInWords(enableIdempotency: string): string {
  const gate = parseGate(enableIdempotency);
  if (gate === 100) return "";
  return gate === 0 ? ", idempotency off" : `, idempotency on for ${gate} % of jobs`;
}
