import { MachineTroubleError } from "../../adapters/local/machine-trouble.ts";
import { writeReport } from "../report/write-report.ts";
import { writeResults } from "../results/write-results.ts";
import type { LocalRun } from "../../local/run/local-run.ts";
import type { Arguments } from "./arguments.ts";

export interface RunEnd {
  readonly startedAtMs: number;
  readonly isInterrupted: boolean;
  /** Why this machine stopped the run. */
  readonly stopped: string | undefined;
}

/**
 * Writes what a run leaves for people: `report.html`, and the results file that was asked for. Both are written
 * whatever ended the run.
 * @returns why one of them was not written; undefined if both were.
 */
export async function writeRecords(run: LocalRun, args: Arguments, end: RunEnd): Promise<string | undefined> {
  const { database, lines } = run.workspace;
  const { results } = args;
  const writing = [
    async () => (results === undefined ? undefined : writeResults(results, database, lines.list)),
    async () => report(run, args, end),
  ];
  const troubles: string[] = [];
  for (const write of writing) await write().catch((error: unknown) => troubles.push(textOf(error)));
  return troubles.length === 0 ? undefined : troubles.join(" ");
}

async function report({ workspace }: LocalRun, args: Arguments, end: RunEnd): Promise<void> {
  const { database, folders, lines, sizesBefore, telemetry } = workspace;
  telemetry.flush();
  await writeReport(folders.report, {
    startedAtMs: end.startedAtMs,
    endedAtMs: Date.now(),
    how: end.stopped !== undefined ? "stopped" : end.isInterrupted ? "interrupted" : "done",
    stoppedBecause: end.stopped,
    database,
    list: lines.list,
    eventsPath: folders.events,
    eventsFrom: sizesBefore.events,
    logPath: folders.log,
    logFrom: sizesBefore.log,
    command: ["fetchonce", args.command, ...args.sources],
    out: args.outDir,
    settings: [
      ["downloads at a time", String(args.jobs)],
      ["worker processes", String(args.workers)],
      ["attempts", String(args.maxAttempts)],
      ["idempotency", args.enableIdempotency],
    ],
  });
}

const textOf = (error: unknown): string => {
  if (error instanceof MachineTroubleError) return error.sentence;
  return error instanceof Error ? error.message : String(error);
};
