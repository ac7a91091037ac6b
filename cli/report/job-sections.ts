/** The parts of the page that show single jobs. */
import { formatBytes } from "../shared/words.ts";
import { strip } from "./charts.ts";
import type { Figures, JobFigures } from "./figures.ts";
import { formatCount, formatSpan, shortened } from "./format.ts";
import { html, type Html } from "./html.ts";
import type { Report } from "./report.ts";
import { reasonCell } from "./sections.ts";
import { numberColumn, table, textColumn, type Column } from "./table.ts";
import type { Moment, Timeline } from "./timelines.ts";
import { shownUrl } from "./url.ts";

const LONGEST_MOMENT = 400;

const span = (ms: number | null): string => (ms === null || ms <= 0 ? "–" : formatSpan(ms));

const tries = numberColumn<JobFigures>("tries", ({ attempts }) => (attempts === null ? "–" : formatCount(attempts)));
const took = numberColumn<JobFigures>("took", ({ tookMs }) => span(tookMs));
const waited = numberColumn<JobFigures>("of it waiting", ({ tookMs, workedMs }) =>
  span(tookMs === null || workedMs === null ? null : tookMs - workedMs),
);

function momentsTable({ moments, leftOut }: Timeline): Html {
  const startMs = moments[0]?.atMs ?? 0;
  return table<Moment>({
    caption: "What happened, by the time since its first event in this run",
    columns: [
      numberColumn("after", ({ atMs }) => formatSpan(atMs - startMs)),
      textColumn("what", ({ what }) => shortened(what, LONGEST_MOMENT)),
    ],
    rows: moments,
    total: moments.length + leftOut,
  });
}

/** The URL; if the job's timeline is known, with the timeline folded below it. */
function jobCell({ run, timelines, urls }: Report, job: JobFigures): Html {
  const timeline = timelines.get(job.seq);
  if (!timeline || timeline.moments.length === 0) return shownUrl(urls.get(job.seq));
  const beganMs = job.beganMs ?? run.startedAtMs;
  const whole = { fromMs: beganMs, toMs: beganMs + (job.tookMs ?? 0) };
  const picture = strip({ fromMs: run.startedAtMs, toMs: run.endedAtMs }, whole, timeline.work, job.state === "FAILED");
  return html`<details>
    <summary>${shownUrl(urls.get(job.seq))}${picture}</summary>
    ${momentsTable(timeline)}
  </details>`;
}

interface JobList {
  readonly title: string;
  readonly caption: string;
  readonly jobs: Figures["slowest"];
  /** Between the file and the times. */
  readonly columns: readonly Column<JobFigures>[];
}

function jobSection(report: Report, { caption, columns, jobs, title }: JobList): Html | undefined {
  const { shown, total } = jobs;
  if (total === 0) return undefined;
  const file = textColumn<JobFigures>("file and timeline", (job) => jobCell(report, job));
  return html`<section>
    <h2>${title}</h2>
    ${table<JobFigures>({ caption, columns: [file, ...columns, tries, took, waited], rows: shown, total })}
  </section> `;
}

export const slowestSection = (report: Report): Html | undefined =>
  jobSection(report, {
    title: "The slowest files",
    caption:
      "Files that took longest in this run, from their first attempt on. The strip is the whole run; the bar is thick while a worker was at work.",
    jobs: report.figures.slowest,
    columns: [
      textColumn("result", ({ state }) =>
        state === null ? "not ended" : state === "FAILED" ? html`<span class="failed">failed</span>` : "stored",
      ),
      numberColumn("size", ({ bytes }) => (bytes === null ? "–" : formatBytes(bytes))),
    ],
  });

export const failedSection = (report: Report): Html | undefined =>
  jobSection(report, {
    title: "Files that failed",
    caption: "One file of each reason, then a second one of each, and so on",
    jobs: report.figures.failed,
    columns: [textColumn("reason", ({ reason }) => reasonCell(reason))],
  });
