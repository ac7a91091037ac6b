import type { LocalDatabase } from "../../adapters/local/database.ts";
import { writeWholeFile } from "../shared/whole-file.ts";
import { figuresOf, type Figures } from "./figures.ts";
import { JobTable } from "./job-table.ts";
import { page } from "./page.ts";
import { readEvents, readPauses } from "./read-events.ts";
import type { Report, RunFacts } from "./report.ts";
import { throughputOf } from "./throughput.ts";
import { timelinesOf } from "./timelines.ts";

export interface ReportInput extends RunFacts {
  readonly database: LocalDatabase;
  /** The number of the run's list, in the database. */
  readonly list: number;
  readonly eventsPath: string;
  /** Where the run's events begin, in bytes. */
  readonly eventsFrom: number;
  readonly logPath: string;
  /** Where the run's log lines begin, in bytes. */
  readonly logFrom: number;
}

/** Failed jobs are listed; so many of them have a timeline. */
const FAILED_WITH_TIMELINE = 20;

/**
 * Writes the report of a run that is over, as one HTML file that needs nothing else.
 * @throws MachineTroubleError when it cannot be written. What stood at the path stays as it was.
 */
export async function writeReport(path: string, input: ReportInput): Promise<void> {
  const text = page(await reportOf(input));
  await writeWholeFile(path, (append) => append(text));
}

async function reportOf(input: ReportInput): Promise<Report> {
  const table = new JobTable(input.database, input.list);
  try {
    return await reportFrom(table, input);
  } finally {
    table.close();
  }
}

async function reportFrom(table: JobTable, input: ReportInput): Promise<Report> {
  const { database, endedAtMs, list, startedAtMs } = input;
  const events = { path: input.eventsPath, from: input.eventsFrom };
  const log = { path: input.logPath, from: input.logFrom };
  await table.fill(startedAtMs);
  const eventCounts = await readEvents(table, events);
  await readPauses(table, log);
  const figures = figuresOf(table.rows, endedAtMs);

  const shown = new Map(shownSeqs(figures).map((seq) => [seq, lineAt(database, seq)]));
  const followed = [...figures.slowest.shown, ...figures.failed.shown.slice(0, FAILED_WITH_TIMELINE)];
  const seqByJob = new Map(followed.map(({ seq }) => [String(shown.get(seq)?.jobId), seq]));
  const timelines = await timelinesOf(seqByJob, events, log);
  return {
    run: input,
    lines: Number(database.get("SELECT COUNT(*) AS count FROM lines WHERE list = ?", list)?.["count"]),
    figures,
    throughput: throughputOf(table.rows, startedAtMs, endedAtMs),
    events: eventCounts,
    urls: new Map([...shown].map(([seq, { url }]) => [seq, url])),
    timelines,
  };
}

const shownSeqs = ({ failed, reasons, slowest, unfinished }: Figures): readonly number[] =>
  [failed, reasons, slowest, unfinished].flatMap(({ shown }) => shown.map(({ seq }) => seq));

function lineAt(database: LocalDatabase, seq: number): { readonly jobId: string; readonly url: string } {
  const row = database.get("SELECT job_id, message ->> 'url' AS url FROM lines WHERE seq = ?", seq);
  return { jobId: String(row?.["job_id"]), url: String(row?.["url"]) };
}
