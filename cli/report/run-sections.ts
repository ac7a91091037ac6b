/** What was asked, and how the run went as a whole. */
import { isStored } from "../../local/run/outcome.ts";
import { formatBytes } from "../shared/words.ts";
import { counted, formatCount, formatSpan, formatTime, withoutCredentials } from "./format.ts";
import { html, type Html, type Value } from "./html.ts";
import type { Report, RunFacts } from "./report.ts";

interface Totals {
  readonly jobs: number;
  readonly stored: number;
  readonly failed: number;
  readonly open: number;
}

function totalsOf({ figures }: Report): Totals {
  const count = (matches: (state: string | null) => boolean): number =>
    figures.states.reduce((sum, { state, jobs }) => sum + (matches(state) ? jobs : 0), 0);
  return {
    jobs: count(() => true),
    stored: count((state) => state !== null && isStored({ state })),
    failed: count((state) => state === "FAILED"),
    open: count((state) => state === null),
  };
}

function verdictOf({ jobs, stored, failed, open }: Totals): Html {
  if (jobs === 0) return html`The list names no file.`;
  if (stored === jobs)
    return html`<strong class="good"
      >${jobs === 1 ? "The file is there." : `All ${counted(jobs, "file")} are there.`}</strong
    >`;
  const parts = [html`${formatCount(stored)} of ${counted(jobs, "file")} are there`];
  if (failed > 0) parts.push(html`, <strong class="failed">${formatCount(failed)} failed</strong>`);
  if (open > 0) parts.push(html`, <strong>${formatCount(open)} have not ended</strong>`);
  return html`${parts}.`;
}

const HOW: Readonly<Record<RunFacts["how"], string>> = {
  done: "It worked through the whole list.",
  interrupted: "It was interrupted. The same command goes on where it ended.",
  stopped: "This machine stopped it. The same command goes on when the trouble is over.",
};

const quoted = (argument: string): string =>
  /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", String.raw`'\''`)}'`;

const MOST_COMMAND_CHARACTERS = 4_000;

function commandText(command: readonly string[]): string {
  const text = withoutCredentials(command.map(quoted).join(" "));
  return text.length > MOST_COMMAND_CHARACTERS ? `${text.slice(0, MOST_COMMAND_CHARACTERS)} …` : text;
}

function endedNow({ figures, run }: Report): string {
  const { stored, failed, bytes } = figures.endedNow;
  if (stored + failed === 0) return "nothing ended in it";
  const seconds = Math.max(1, run.endedAtMs - run.startedAtMs) / 1000;
  const failures = failed > 0 ? `, ${formatCount(failed)} failed` : "";
  return (
    `${formatCount(stored)} stored${failures}; ${formatBytes(bytes)}, ` +
    `${formatBytes(Math.round(bytes / seconds))}/s, ${formatCount(Number((stored / seconds).toPrecision(3)))} files/s`
  );
}

function listText(lines: number, jobs: number): string {
  const again = lines - jobs;
  if (again === 0) return counted(jobs, "file");
  return `${formatCount(lines)} lines, ${counted(jobs, "file")}: ${counted(again, "line names", "lines name")} a file again`;
}

export function headSection(report: Report): Html {
  const { events, figures, lines, run } = report;
  const totals = totalsOf(report);
  const { median, p95, most } = figures.timeQuantiles;
  const facts: (readonly [string, Value])[] = [
    ["Asked", html`<code>${commandText(run.command)}</code>`],
    ["List", listText(lines, totals.jobs)],
    ["Folder", html`<code>${run.out}</code>`],
    ["Started", formatTime(run.startedAtMs)],
    ["Ended", `${formatTime(run.endedAtMs)}, after ${formatSpan(Math.max(0, run.endedAtMs - run.startedAtMs))}`],
    ["This run", endedNow(report)],
  ];
  if (median !== null && p95 !== null && most !== null)
    facts.push([
      "Time of a file",
      `half took up to ${formatSpan(median)}, 95 % up to ${formatSpan(p95)}, the longest ${formatSpan(most)}`,
    ]);
  if (events.replays > 0)
    facts.push(["Not done twice", `${counted(events.replays, "step")} had been done by an earlier attempt`]);
  if (events.cutOffLeases > 0)
    facts.push(["Cut off", `${counted(events.cutOffLeases, "attempt")} ended with a worker process`]);
  return html`<header>
    <h1>fetchonce: report of a run</h1>
    <p class="verdict">${verdictOf(totals)}</p>
    <p>${HOW[run.how]} ${run.stoppedBecause}</p>
    <dl>
      ${facts.map(
        ([name, value]) =>
          html`<dt>${name}</dt>
            <dd>${value}</dd> `,
      )}
    </dl>
  </header>`;
}

export function settingsSection({ run }: Report): Html | undefined {
  if (run.settings.length === 0) return undefined;
  const settings = run.settings.map(
    ([name, value]) =>
      html`<dt>${name}</dt>
        <dd>${withoutCredentials(value)}</dd> `,
  );
  return html`<section>
    <h2>Settings</h2>
    <dl>${settings}</dl>
  </section>`;
}
