import { resolve } from "node:path";
import type { Readable } from "node:stream";
import { parseGate } from "../../core/gate/gate.ts";
import { checkResultsPath } from "../../local/results/write-results.ts";
import { LocalRun, type RunOptions } from "../../local/run/local-run.ts";
import { MachineTroubleError } from "../../adapters/local/machine-trouble.ts";
import { StoppedByMachineError } from "../../local/run/run-errors.ts";
import { JobView } from "../../local/run/job-view.ts";
import { EXIT } from "../terminal/exit.ts";
import { fileLabel, plural } from "../../local/shared/words.ts";
import { UsageError } from "../terminal/usage-error.ts";
import { jsonView } from "../view/json.ts";
import { plainView, quietView } from "../view/plain.ts";
import { terminalView } from "../view/terminal.ts";
import type { Output, Snapshot, View } from "../view/view.ts";
import type { Arguments } from "./arguments.ts";
import { isStandardInput, takeList, takeStream } from "./intake.ts";
import { writeRecords } from "./records.ts";
import { describeSummary } from "./summary.ts";
import { Tally } from "./tally.ts";

export interface GetSurroundings {
  readonly stdin: Readable;
  readonly stdout: Output;
  readonly stderr: NodeJS.WritableStream;
  /** Aborted when the user stops the run. */
  readonly signal: AbortSignal;
  /** Watches the run: the dashboard, the demo. */
  readonly watchers?: readonly RunWatcher[];
}

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

const REFRESH_EVERY_MS = 200;

/** Downloads what the arguments name. @returns the exit code. */
export async function get(args: Arguments, surroundings: GetSurroundings): Promise<number> {
  const { stdin, stderr, watchers = [] } = surroundings;
  if (args.results !== undefined) checkResultsPath(args.results);
  const tell = (line: string): void => void stderr.write(`${line}\n`);
  const tally = new Tally();
  let view: View | undefined;
  const optionsOfWatchers = watchers.flatMap(({ options }) => options ?? []);
  const run = await LocalRun.open({
    out: resolve(args.outDir),
    workers: args.workers,
    slots: args.jobs,
    nameSource: args.nameSource,
    allowPrivateHosts: args.allowPrivateHosts,
    gate: parseGate(args.enableIdempotency),
    maxAttempts: args.maxAttempts,
    onEnded: (end, result) => {
      tally.ended(end);
      view?.ended(result);
      for (const { onEnded } of optionsOfWatchers) onEnded?.(end, result);
    },
    onActivity: (pid, bytes, files) => {
      tally.active(pid, bytes, files);
      for (const { onActivity } of optionsOfWatchers) onActivity?.(pid, bytes, files);
    },
    onWorkerDied: (pid, leases) => {
      tally.workerDied(pid, leases);
      for (const { onWorkerDied } of optionsOfWatchers) onWorkerDied?.(pid, leases);
    },
  });
  try {
    run.startWorkers();
    const intake = await takeIn(run, args, stdin, tell);
    tally.earlier = await run.takeUpEarlier(args);
    tally.jobs = run.lines.jobs;
    view = createView(args, surroundings.stdout, tally.jobs);
    return await follow(run, args, { ...surroundings, watchers }, { tally, view, intake });
  } finally {
    await run.close();
  }
}

/** How the list comes in. `stream` is absent when it is complete. */
interface Intake {
  invalid: number;
  readonly stream?: Promise<number>;
}

async function takeIn(run: LocalRun, args: Arguments, stdin: Readable, tell: (line: string) => void): Promise<Intake> {
  if (isStandardInput(args)) {
    await run.replaceList(async () => undefined);
    const stream = takeStream(run, args, stdin, tell);
    // Whoever waits for it hears of an error.
    stream.catch(() => undefined);
    return { invalid: 0, stream };
  }
  if (args.sources.length > 0) return { invalid: await takeList(run, args, stdin, tell) };
  run.lines.adoptOld();
  if (run.lines.total === 0)
    throw new UsageError(
      `Nothing to get: no URL and no list is given, and no earlier run is in ${args.outDir}. ` +
        "Write for example: fetchonce get urls.txt",
    );
  return { invalid: 0 };
}

interface Following {
  readonly tally: Tally;
  readonly view: View;
  readonly intake: Intake;
}

async function follow(
  run: LocalRun,
  args: Arguments,
  { signal, watchers = [] }: GetSurroundings,
  { tally, view, intake }: Following,
): Promise<number> {
  const startedMs = performance.now();
  const jobs = new JobView(run.workspace);
  const onStop = (): void => view.say("Stopping. Press Ctrl-C again to stop at once.");
  signal.addEventListener("abort", onStop, { once: true });
  let isGrowing = intake.stream !== undefined;
  const refresh = (): void => {
    if (isGrowing) tally.jobs = run.lines.jobs;
    const snapshot = snapshotOf(tally, jobs, isGrowing);
    view.refresh(snapshot);
    for (const watcher of watchers) watcher.refreshed?.(snapshot);
  };
  const refreshing = setInterval(refresh, REFRESH_EVERY_MS);
  const startedAtMs = Date.now();
  let stoppedBecause: string | undefined;
  try {
    for (const line of opening(run, args, tally)) view.say(line);
    for (const watcher of watchers) watcher.began?.(run, tally, view);
    const streaming = intake.stream?.finally(() => {
      isGrowing = false;
    });
    await Promise.race([run.work(() => !isGrowing, signal), rejection(streaming)]);
    if (!signal.aborted) intake.invalid += (await streaming) ?? 0;
    if (signal.aborted) return EXIT.interrupted;
    for (const watcher of watchers) await watcher.beforeEnd?.(run);
    return tally.failedNow + tally.earlier.failed + intake.invalid > 0 ? EXIT.failed : EXIT.done;
  } catch (error) {
    if (!(error instanceof StoppedByMachineError)) throw error;
    stoppedBecause = error.message;
    return EXIT.machine;
  } finally {
    clearInterval(refreshing);
    await run.stopWorkers();
    refresh();
    signal.removeEventListener("abort", onStop);
    for (const watcher of watchers) await watcher.ended?.();
    const how = stoppedBecause !== undefined ? "stopped" : signal.aborted ? "interrupted" : "done";
    const unwritten = await writeRecords(run, args, { startedAtMs, endedAtMs: Date.now(), how, stoppedBecause }).then(
      () => [],
      (error: unknown) => [`Not written: ${messageOf(error)}`],
    );
    const elapsedMs = performance.now() - startedMs;
    view.close([...describeSummary(tally, elapsedMs, args.outDir), ...unwritten, ...describeStop(stoppedBecause)]);
  }
}

const messageOf = (error: unknown): string => {
  if (error instanceof MachineTroubleError) return error.sentence;
  return error instanceof Error ? error.message : String(error);
};

const describeStop = (because: string | undefined): readonly string[] =>
  because === undefined
    ? []
    : [`Stopped: ${because}`, "Nothing is lost, and no URL is charged. Mend it, then run the same command again."];

/** Settles only if the promise is rejected. */
const rejection = async (promise: Promise<unknown> | undefined): Promise<void> =>
  new Promise((_resolve, reject) => {
    promise?.catch(reject);
  });

function opening(run: LocalRun, args: Arguments, { earlier, jobs }: Tally): readonly string[] {
  const what = isStandardInput(args) ? "URLs from standard input" : plural(jobs, "URL");
  const lines = [`${what}, ${args.jobs} at a time, into ${args.outDir}${gateInWords(args.enableIdempotency)}`];
  const left = run.lines.oldJobs;
  if (left > 0)
    lines.push(
      `${plural(left, "URL")} of an earlier list in ${args.outDir} ${left === 1 ? "is" : "are"} not done, and left alone. ` +
        `To go on with them: fetchonce get --out ${args.outDir}`,
    );
  if (earlier.done > 0) lines.push(`${earlier.done} of ${jobs} are there from an earlier run`);
  return lines;
}

function gateInWords(enableIdempotency: string): string {
  const gate = parseGate(enableIdempotency);
  if (gate === 100) return "";
  return gate === 0 ? ", idempotency off" : `, idempotency on for ${gate} % of jobs`;
}

function createView({ output }: Arguments, stdout: Output, total: number): View {
  if (output === "json") return jsonView(stdout);
  if (output === "quiet") return quietView(stdout);
  return stdout.isTTY ? terminalView(stdout, total) : plainView(stdout, total);
}

const snapshotOf = (tally: Tally, jobs: JobView, isGrowing: boolean): Snapshot => ({
  atMs: performance.now(),
  total: tally.jobs,
  isGrowing,
  done: tally.done,
  failed: tally.failedNow + tally.earlier.failed,
  bytes: tally.stagedBytes,
  underWay: tally.underWay.flatMap(({ jobId, bytes }) => {
    const url = jobs.urlOf(jobId);
    return url === undefined ? [] : [{ label: fileLabel(url), bytes }];
  }),
  waiting: jobs.waiting(),
});
