import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Readable } from "node:stream";
import { parseGate } from "../../core/gate/gate.ts";
import { foldersOf } from "../../local/folders.ts";
import { checkResultsPath } from "../results/write-results.ts";
import { LocalRun } from "../../local/run/local-run.ts";
import { sourceOf } from "../input/sources.ts";
import { UsageError } from "../terminal/usage-error.ts";
import { jsonView } from "../view/json.ts";
import { plainView, quietView } from "../view/plain.ts";
import { terminalView } from "../view/terminal.ts";
import type { Output, View } from "../view/view.ts";
import type { Arguments } from "./arguments.ts";
import { Following, type Intake, type RunWatcher } from "./follow.ts";
import { isStandardInput, takeList, takeStream } from "./intake.ts";
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
    workers: Math.min(args.workers, mostJobs(args)),
    slots: args.jobs,
    nameSource: args.nameSource,
    rerun: args,
    web: args.web,
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
    return await new Following({ run, args, tally, view, intake, watchers, signal: surroundings.signal }).toTheEnd();
  } finally {
    await run.close();
  }
}

/** Where only URLs are given, more worker processes than URLs would have nothing to do. */
const mostJobs = ({ sources }: Arguments): number =>
  sources.length > 0 && sources.every((source) => source.includes("://")) ? sources.length : Number.POSITIVE_INFINITY;

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

function createView({ output }: Arguments, stdout: Output, total: number): View {
  if (output === "json") return jsonView(stdout);
  if (output === "quiet") return quietView(stdout);
  return stdout.isTTY ? terminalView(stdout, total) : plainView(stdout, total);
}
