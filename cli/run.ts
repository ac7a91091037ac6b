import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import type { Readable, Writable } from "node:stream";
import { parseGate } from "../core/gate/gate.ts";
import { jobIdOf } from "../core/model/keys.ts";
import type { JobMessage } from "../core/model/message.ts";
import { parseArguments, type Arguments } from "./download/arguments.ts";
import { LiveRun } from "./dashboard/live-run.ts";
import { startDashboard } from "./dashboard/server.ts";
import { runDemo } from "./demo/demo.ts";
import { download } from "./download/download.ts";
import { EXIT } from "./terminal/exit.ts";
import { plural } from "../local/shared/words.ts";
import { describeProblems, readManifest } from "./download/manifest.ts";
import { createView, type Output } from "./download/progress.ts";
import type { RunWatch } from "./download/run-watch.ts";
import { describeSlos } from "./download/slo-table.ts";
import { describeSummary, hasFailures } from "./download/summary.ts";
import { UsageError } from "./terminal/usage-error.ts";

export interface Surroundings {
  readonly stdin: Readable;
  readonly stdout: Output;
  readonly stderr: Writable;
  readonly env: Readonly<NodeJS.ProcessEnv>;
  /** Aborted when the user interrupts the run. */
  readonly signal: AbortSignal;
}

/** @returns the exit code. */
export async function run(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  const { stdout, stderr, env } = surroundings;
  try {
    const parsed = parseArguments(argv, env);
    if (typeof parsed !== "string") return await start(parsed, surroundings);
    stdout.write(`${parsed}\n`);
    return EXIT.done;
  } catch (error) {
    stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    if (error instanceof UsageError) return EXIT.wrongUsage;
    return surroundings.signal.aborted ? EXIT.interrupted : EXIT.failed;
  }
}

async function start(args: Arguments, surroundings: Surroundings): Promise<number> {
  const { manifest } = args;
  const messages = manifest === undefined ? undefined : await messagesOf(manifest, args, surroundings);
  await makeOutDir(args.outDir);
  return withDashboard(args, surroundings, async (watch) =>
    messages ? downloadAll(messages, args, surroundings, watch) : runDemo(args, surroundings, watch),
  );
}

/** Serves the dashboard during the run, if requested. On a terminal it stays up after the run, until Ctrl-C. */
async function withDashboard(
  { dashboardPort, outDir }: Arguments,
  { stdout, signal }: Surroundings,
  work: (watch: RunWatch | undefined) => Promise<number>,
): Promise<number> {
  if (dashboardPort === undefined) return work(undefined);
  const live = new LiveRun();
  const dashboard = await startDashboard(dashboardPort, live, outDir);
  try {
    stdout.write(`Dashboard: ${dashboard.url}\n`);
    const exitCode = await work(live);
    live.ended();
    if (stdout.isTTY && !signal.aborted) {
      stdout.write(`The dashboard stays at ${dashboard.url} until Ctrl-C.\n`);
      await once(signal, "abort");
    }
    return exitCode;
  } finally {
    await dashboard.stop();
  }
}

async function messagesOf(
  path: string,
  { skipInvalid }: Arguments,
  { stdin, stderr }: Surroundings,
): Promise<readonly JobMessage[]> {
  const manifest = await readManifest(path, stdin);
  const { messages, problems } = manifest;
  if (problems.length === 0) return messages;
  stderr.write(`${describeProblems(manifest)}\n`);
  const bad = plural(new Set(problems.map(({ line }) => line)).size, "invalid line");
  if (!skipInvalid) {
    throw new UsageError(
      `Nothing was downloaded: ${manifest.name} has ${bad}. Fix the manifest, or use --skip-invalid.`,
    );
  }
  if (messages.length === 0)
    throw new UsageError(
      `Nothing was downloaded: no line of ${manifest.name} is valid. Fix the manifest and run the command again.`,
    );
  stderr.write(`Skipped ${bad} of ${manifest.name}.\n`);
  return messages;
}

async function makeOutDir(outDir: string): Promise<void> {
  try {
    await mkdir(outDir, { recursive: true });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`Cannot create the output directory ${outDir}: ${reason}. Choose another one with --out.`, {
      cause: error,
    });
  }
}

async function downloadAll(
  messages: readonly JobMessage[],
  args: Arguments,
  { stdout, signal }: Surroundings,
  watch: RunWatch | undefined,
): Promise<number> {
  const view = createView(stdout, new Set(messages.map(jobIdOf)).size);
  const onInterrupt = (): void => view.say("Stopping. Press Ctrl-C again to stop at once.");
  signal.addEventListener("abort", onInterrupt, { once: true });
  view.say(
    `${plural(messages.length, "line")}, ${plural(args.workers, "worker")}, ${gateInWords(args.enableIdempotency)}, ` +
      `into ${args.outDir}`,
  );
  let closing: readonly string[] = [];
  try {
    const { summary, slos } = await download(messages, { ...args, view, watch, signal });
    closing = [...describeSummary(summary, args.outDir), "", ...describeSlos(slos)];
    if (signal.aborted) return EXIT.interrupted;
    return hasFailures(summary) ? EXIT.failed : EXIT.done;
  } finally {
    signal.removeEventListener("abort", onInterrupt);
    view.close();
    for (const line of closing) stdout.write(`${line}\n`);
    if (signal.aborted) stdout.write("Interrupted. Run the same command again to continue where this run stopped.\n");
  }
}

function gateInWords(enableIdempotency: string): string {
  const gate = parseGate(enableIdempotency);
  if (gate === 100) return "idempotency on";
  return gate === 0 ? "idempotency off" : `idempotency on for ${gate} % of jobs`;
}
