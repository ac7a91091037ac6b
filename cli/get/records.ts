import { writeReport } from "../../local/report/write-report.ts";
import { writeResults } from "../../local/results/write-results.ts";
import type { LocalRun } from "../../local/run/local-run.ts";
import type { Arguments } from "./arguments.ts";

export interface RunEnd {
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly how: "done" | "interrupted" | "stopped";
  readonly stoppedBecause: string | undefined;
}

/**
 * Writes what a run leaves for people: `report.html`, and the results file that was asked for. Both are written
 * whatever ended the run.
 * @throws MachineTroubleError when one of them cannot be written.
 */
export async function writeRecords({ workspace }: LocalRun, args: Arguments, end: RunEnd): Promise<void> {
  const { database, folders, lines, sizesBefore, telemetry } = workspace;
  telemetry.flush();
  if (args.results !== undefined) await writeResults(args.results, database, lines.list);
  await writeReport(folders.report, {
    ...end,
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
