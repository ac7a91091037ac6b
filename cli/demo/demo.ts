import { parseGate } from "../../core/gate/gate.ts";
import { jobIdOf, jobIdOfStagingKey } from "../../core/model/keys.ts";
import { startOrigin, type Origin } from "../../local/origin/server.ts";
import type { Pipeline } from "../../local/pipeline.ts";
import type { Arguments } from "../download/arguments.ts";
import {
  checkContent,
  checkCopies,
  checkRefetched,
  checkStaging,
  checkStates,
  deliverAgain,
  sentOfBigFile,
  type Check,
} from "./demo-checks.ts";
import { BIG_FILE, DEMO_FILES } from "./demo-files.ts";
import { download, type DownloadOptions } from "../download/download.ts";
import { EXIT } from "../terminal/exit.ts";
import { formatBytes, plural } from "../../local/shared/words.ts";
import { createView, type Output, type ProgressView } from "../download/progress.ts";
import type { RunWatch } from "../download/run-watch.ts";
import { describeSlos } from "../download/slo-table.ts";
import { describeSummary } from "../download/summary.ts";
import { UsageError } from "../terminal/usage-error.ts";

export interface DemoSurroundings {
  readonly stdout: Output;
  readonly signal: AbortSignal;
}

/**
 * Downloads varied files from its own origin, kills a worker during a download, and checks that nothing was lost and
 * nothing was done twice.
 * @returns the exit code.
 * @throws UsageError if idempotency is not on for all jobs.
 */
export async function runDemo(
  args: Arguments,
  { stdout, signal }: DemoSurroundings,
  watch: RunWatch | undefined,
): Promise<number> {
  if (parseGate(args.enableIdempotency) !== 100) {
    throw new UsageError(
      "The demo shows what idempotency does, so idempotency must be on for all jobs. Name a MANIFEST to run without it.",
    );
  }
  const origin = await startOrigin();
  const view = createView(stdout, DEMO_FILES.length);
  let closing: readonly string[] = [];
  try {
    const { lines, exitCode } = await play(args, origin, { view, watch, signal });
    closing = lines;
    return exitCode;
  } finally {
    view.close();
    for (const line of closing) stdout.write(`${line}\n`);
    await origin.stop();
  }
}

async function play(
  args: Arguments,
  origin: Origin,
  { view, watch, signal }: Pick<DownloadOptions, "view" | "watch" | "signal">,
): Promise<{ lines: readonly string[]; exitCode: number }> {
  const messages = DEMO_FILES.map((file) => ({
    work_id: "demo",
    artifact_id: file.name,
    url: origin.urlOf(file),
  }));
  const jobIds = new Set(messages.map(jobIdOf));
  const writes: string[] = [];
  const checks: Check[] = [];
  let inFlightBytes: number | undefined;
  view.say(
    `Demo: ${plural(messages.length, "file")} from a small server at ${origin.url}, ` +
      `${plural(args.workers, "worker")}, into ${args.outDir}. A worker will be killed during a download.`,
  );

  const { results, summary, slos } = await download(messages, {
    ...args,
    allowPrivateHosts: true,
    view,
    watch,
    signal,
    ...killInMidFile(origin, view, (bytes) => {
      inFlightBytes = bytes;
    }),
    onAwsRequest: ({ service, operation, key, status }) => {
      if (service === "s3" && operation === "CopyObject" && status === 200 && key !== undefined) writes.push(key);
    },
    beforeStop: async (pipeline) => {
      view.say("All jobs have ended. Now every message is delivered a second time.");
      checks.push(await deliverAgain(pipeline, origin, messages), await checkStaging(pipeline, jobIds));
    },
  });
  const lines = [...describeSummary(summary, args.outDir), "", ...describeSlos(slos)];
  if (signal.aborted) return { lines: [...lines, "The demo was interrupted."], exitCode: EXIT.interrupted };

  checks.unshift(
    checkStates(results),
    await checkContent(args.outDir, results),
    checkCopies(results, writes),
    checkRefetched(origin, inFlightBytes),
  );
  const isProven = checks.every(({ holds }) => holds);
  const verdict = isProven
    ? "Nothing was lost, nothing was done twice."
    : "Something went wrong. See the lines marked WRONG above.";
  return {
    lines: [...lines, "", ...checks.map(({ claim, holds }) => `${holds ? "ok    " : "WRONG "}${claim}`), verdict],
    exitCode: isProven ? EXIT.done : EXIT.failed,
  };
}

/** Kills the worker that downloads the big file (`kill -9`) once half of the file is staged. */
function killInMidFile(
  origin: Origin,
  view: ProgressView,
  onKill: (inFlightBytes: number) => void,
): Pick<DownloadOptions, "onStarted" | "onTelemetry" | "onStagedBytes"> {
  const bigJob = jobIdOf({ work_id: "demo", artifact_id: BIG_FILE.name, url: origin.urlOf(BIG_FILE) });
  let running: Pipeline | undefined;
  let workerPid: number | undefined;
  let killedPid: number | undefined;
  let stagedBytes = 0;
  return {
    onStarted: (pipeline) => {
      running = pipeline;
    },
    onTelemetry: (line, pid) => {
      if (line["event"] !== "job_leased" || line["job_id"] !== bigJob) return;
      workerPid = pid;
      if (killedPid === undefined) view.say(`Worker ${pid} downloads ${BIG_FILE.name}, the slow one.`);
      else
        view.say(
          `Worker ${pid} has taken over ${BIG_FILE.name} from worker ${killedPid}, and resumes it in the middle.`,
        );
    },
    onStagedBytes: ({ key, bytes }) => {
      if (jobIdOfStagingKey(key) !== bigJob) return;
      stagedBytes += bytes;
      if (killedPid !== undefined || workerPid === undefined || stagedBytes < BIG_FILE.size / 2) return;
      killedPid = workerPid;
      view.say(
        `kill -9 ${killedPid}: the worker dies with ${formatBytes(stagedBytes)} of ${BIG_FILE.name} staged. ` +
          "Its lease expires in a few seconds. Then another worker can take the job.",
      );
      running?.workers.kill(killedPid);
      onKill(sentOfBigFile(origin) - stagedBytes);
    },
  };
}
