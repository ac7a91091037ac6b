import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Readable } from "node:stream";
import { parseGate } from "../../core/gate/gate.ts";
import { foldersOf } from "../../local/folders.ts";
import { checkResultsPath } from "../../local/results/write-results.ts";
import { LocalRun, type RunOptions } from "../../local/run/local-run.ts";
import { StoppedByMachineError } from "../../local/run/run-errors.ts";
import { JobView } from "../../local/run/job-view.ts";
import { sourceOf } from "../input/sources.ts";
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
import { describeSummary, figuresOf, leftAlone } from "./summary.ts";
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
const MOST_FILES_SHOWN = 6;

/**
 * Downloads what the arguments name.
 * @returns the exit code.
 * @throws the signal's reason if the run is stopped before its workers begin.
 */
export async function get(args: Arguments, surroundings: GetSurroundings): Promise<number> {
  const { stdout, watchers = [] } = surroundings;
  if (args.results !== undefined) checkResultsPath(args.results);
  await checkSources(args);
  let view: View | undefined;
  const optionsOfWatchers = watchers.flatMap(({ options }) => options ?? []);
  const tally = new Tally();
  const run = await LocalRun.open({
    out: resolve(args.outDir),
    workers: args.workers,
    slots: args.jobs,
    nameSource: args.nameSource,
    rerun: args,
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
  tally.earlier = run.earlier;
  try {
    run.startWorkers();
    const intake = await takeIn(run, args, surroundings);
    view = createView(args, stdout, run.lines.jobs);
    if (!intake.stream) await lookAtEarlier(run, args, view, surroundings.signal);
    return await follow(run, args, { ...surroundings, watchers }, { tally, view, intake });
  } finally {
    await run.close();
  }
}

/** Refuses what cannot be read before anything is created. */
async function checkSources({ sources, outDir, format, urlColumn }: Arguments): Promise<void> {
  if (sources.length > 0) await sourceOf(sources, { format, urlColumn });
  else if (!existsSync(foldersOf(outDir).database)) throw nothingToGet(outDir);
}

const nothingToGet = (outDir: string): UsageError =>
  new UsageError(
    `Nothing to get: no URL and no list is given, and no earlier run is in ${outDir}. ` +
      "Write for example: fetchonce get urls.txt",
  );

/** How the list comes in. `stream` is absent when it is complete. */
interface Intake {
  invalid: number;
  readonly stream?: Promise<number>;
}

async function takeIn(run: LocalRun, args: Arguments, surroundings: GetSurroundings): Promise<Intake> {
  const { stdin, stderr, signal } = surroundings;
  const intake = { stdin, signal, tell: (line: string) => void stderr.write(`${line}\n`) };
  if (isStandardInput(args)) {
    const stream = takeStream(run, args, intake);
    // Whoever waits for it hears of an error.
    stream.catch(() => undefined);
    return { invalid: 0, stream };
  }
  if (args.sources.length > 0) return { invalid: await takeList(run, args, intake) };
  if (args.only === undefined) run.lines.adoptOld();
  else run.lines.adoptMatching(args.only);
  if (run.lines.total > 0) return { invalid: 0 };
  if (args.only === undefined) throw nothingToGet(args.outDir);
  throw new UsageError(`Nothing to get: no URL of an earlier run in ${args.outDir} matches --only ${args.only}.`);
}

async function lookAtEarlier(run: LocalRun, args: Arguments, view: View, signal: AbortSignal): Promise<void> {
  if (args.verify) view.say("Comparing what earlier runs stored with its SHA-256");
  await run.lookAtEarlier(signal);
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
  const jobs = new JobView(run.workspace.database, () => run.lines.list);
  const onStop = (): void => view.say("Stopping. Press Ctrl-C again to stop at once.");
  signal.addEventListener("abort", onStop, { once: true });
  let isGrowing = intake.stream !== undefined;
  const refresh = (): void => {
    try {
      const snapshot = snapshotOf(tally, jobs, isGrowing);
      view.refresh(snapshot);
      for (const watcher of watchers) watcher.refreshed?.(snapshot);
    } catch (error) {
      run.fail(error);
    }
  };
  const waitForStream = async (): Promise<void> => {
    try {
      intake.invalid += (await intake.stream) ?? 0;
      isGrowing = false;
    } catch (error) {
      run.fail(error);
    }
  };
  const refreshing = setInterval(refresh, REFRESH_EVERY_MS);
  const startedAtMs = Date.now();
  let stopped: string | undefined;
  try {
    for (const line of opening(run, args, tally)) view.say(line);
    for (const watcher of watchers) watcher.began?.(run, tally, view);
    void waitForStream();
    await run.work(() => !isGrowing, signal);
    if (signal.aborted) return EXIT.interrupted;
    for (const watcher of watchers) await watcher.beforeEnd?.(run);
    return hasFailures(args, tally, intake) ? EXIT.failed : EXIT.done;
  } catch (error) {
    if (!(error instanceof StoppedByMachineError)) throw error;
    stopped = error.message;
    return EXIT.machine;
  } finally {
    clearInterval(refreshing);
    await run.stopWorkers();
    refresh();
    const left = intake.stream ? run.lines.oldJobs : 0;
    signal.removeEventListener("abort", onStop);
    for (const watcher of watchers) await watcher.ended?.();
    const { invalid } = intake;
    const elapsedMs = performance.now() - startedMs;
    const unwritten = await writeRecords(run, args, { startedAtMs, isInterrupted: signal.aborted, stopped });
    const figures = { elapsedMs, invalid, outDir: args.outDir, stopped, unwritten, left };
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
  bytes: tally.receivedBytes,
  underWay: tally.underWay.slice(0, MOST_FILES_SHOWN).flatMap(({ jobId }) => {
    const job = jobs.underWay(jobId);
    return job ? [{ label: fileLabel(job.url), bytes: job.stagedBytes, size: job.totalBytes }] : [];
  }),
  waiting: jobs.waiting(),
});
