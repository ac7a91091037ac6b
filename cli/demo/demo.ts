import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { parseGate } from "../../core/gate/gate.ts";
import { foldersOf } from "../../local/folders.ts";
import type { LocalRun } from "../../local/run/local-run.ts";
import type { JobResult } from "../../local/run/results-file.ts";
import { startOrigin, type Origin } from "../../local/origin/server.ts";
import type { Arguments } from "../get/arguments.ts";
import type { RunWatcher } from "../get/follow.ts";
import { get, type GetSurroundings } from "../get/get.ts";
import { EXIT } from "../terminal/exit.ts";
import { TYPED } from "../terminal/typed.ts";
import { UsageError } from "../terminal/usage-error.ts";
import {
  checkContent,
  checkCopies,
  countContents,
  checkRefetched,
  checkSecondDelivery,
  checkStaging,
  checkStates,
  type Check,
} from "./demo-checks.ts";
import { DEMO_FILES } from "./demo-files.ts";
import { WorkerKill } from "./worker-kill.ts";

/**
 * Downloads varied files from its own origin, kills a worker during a download, and checks that nothing was lost and
 * nothing was done twice.
 * @returns the exit code.
 * @throws UsageError if idempotency is not on for all jobs.
 */
export async function runDemo(
  args: Arguments,
  surroundings: GetSurroundings,
  watchers: readonly RunWatcher[],
): Promise<number> {
  if (parseGate(args.enableIdempotency) !== 100) {
    throw new UsageError(
      "The demo shows what idempotency does, so idempotency must be on for all jobs. Name a URL or a list to run without it.",
    );
  }
  const origin = await startOrigin();
  try {
    return await play(args, origin, surroundings, watchers);
  } finally {
    await origin.stop();
  }
}

async function play(
  args: Arguments,
  origin: Origin,
  surroundings: GetSurroundings,
  watchers: readonly RunWatcher[],
): Promise<number> {
  const { stdout, signal } = surroundings;
  const kill = new WorkerKill(origin);
  const checks: Check[] = [];
  const proof: RunWatcher = {
    beforeEnd: async (run: LocalRun) => {
      checks.push(await checkSecondDelivery(run, origin), await checkStaging(run));
    },
  };
  stdout.write(
    `Demo: ${DEMO_FILES.length} files from a small server at ${origin.url}. A worker is killed during a download.\n`,
  );
  const sources = DEMO_FILES.map((file) => origin.urlOf(file));
  const web = { ...args.web, allowPrivateHosts: true };
  const demoArgs = { ...args, sources, web, workers: Math.max(2, args.workers), refresh: true };
  const outDir = resolve(args.outDir);
  const contentsBefore = await countContents(outDir);
  const exit = await get(demoArgs, { ...surroundings, watchers: [...watchers, kill, proof] });
  if (signal.aborted || exit === EXIT.machine) return exit;

  const results = await readResults(outDir);
  checks.unshift(
    checkStates(results),
    await checkContent(outDir, results),
    await checkCopies(outDir, results, contentsBefore),
    checkRefetched(origin, kill.inFlightBytes),
  );
  const isProven = checks.every(({ holds }) => holds);
  const verdict = isProven
    ? `Nothing was lost, nothing was done twice. Now your own: ${TYPED} get urls.txt`
    : "Something went wrong. See the lines marked WRONG above.";
  for (const { claim, holds } of checks) stdout.write(`${holds ? "ok    " : "WRONG "}${claim}\n`);
  stdout.write(`${verdict}\n`);
  return isProven ? EXIT.done : EXIT.failed;
}

async function readResults(outDir: string): Promise<readonly JobResult[]> {
  const lines = (await readFile(foldersOf(outDir).results, "utf8")).trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line) as JobResult);
}
