/** The parts of the page that count jobs. A part that has nothing to say is left out. */
import { isStored } from "../../local/run/outcome.ts";
import { describeReason, formatBytes } from "../shared/words.ts";
import { shareBar, timeChart } from "./charts.ts";
import {
  SIZE_EDGES,
  type Counted,
  type HostFigures,
  type ReasonFigures,
  type SizeFigures,
  type StateFigures,
  type TypeFigures,
  type UnfinishedFigures,
  type WaitFigures,
} from "./figures.ts";
import { formatCount, formatShare, formatSpan, shortened } from "./format.ts";
import { html, type Html, type Value } from "./html.ts";
import type { Report } from "./report.ts";
import { numberColumn, table, textColumn } from "./table.ts";
import { shownUrl } from "./url.ts";

const STATE_WORDS: Readonly<Record<string, string>> = {
  INDEXED: "stored",
  DEDUPED: "stored; its content was there already",
  PUBLISHED: "stored without a record",
  FAILED: "failed",
};
const STAGE_WORDS: Readonly<Record<string, string>> = {
  LEASED: "before the origin answered",
  STREAMING: "while it was downloaded",
  FINALIZED: "when its content was in place",
};
const LONGEST_REASON = 300;
const LONGEST_NAME = 120;

const section = (title: string, ...parts: readonly (Html | undefined)[]): Html =>
  html`<section>
    <h2>${title}</h2>
    ${parts.flatMap((part) => part ?? [])}
  </section> `;

const jobsColumn = numberColumn<{ readonly jobs: number }>("files", ({ jobs }) => formatCount(jobs));
const bytesColumn = numberColumn<{ readonly bytes: number }>("size", ({ bytes }) => formatBytes(bytes));
const orDash = (count: number): string => (count === 0 ? "–" : formatCount(count));

/** The reason in words, and its code. */
export function reasonCell(reason: string | null): Value {
  if (reason === null) return "no reason was recorded";
  const code = shortened(reason, LONGEST_REASON);
  const words = shortened(describeReason(reason), LONGEST_REASON);
  return words === code ? html`<code>${code}</code>` : html`${words} <code class="faint">${code}</code>`;
}

export function stateSection({ figures }: Report): Html {
  const total = figures.states.reduce((sum, { jobs }) => sum + jobs, 0);
  const rows = figures.states.toSorted((a, b) => b.jobs - a.jobs);
  return section(
    "What is there",
    table<StateFigures>({
      caption: "The files of the list, by what became of them in this run and in earlier ones",
      columns: [
        textColumn("result", ({ state }) => (state === null ? "not ended" : (STATE_WORDS[state] ?? state))),
        jobsColumn,
        numberColumn("share", ({ jobs }) => formatShare(jobs, total)),
        numberColumn("size", ({ state, bytes }) => (isStored({ state: state ?? "" }) ? formatBytes(bytes) : "–")),
      ],
      rows,
    }),
  );
}

export function reasonSection({ figures, urls }: Report): Html | undefined {
  const { shown, total } = figures.reasons;
  if (total === 0) return undefined;
  return section(
    "What failed, and why",
    table<ReasonFigures>({
      caption: "Failed files by reason. The option --retry-failed tries them again.",
      columns: [
        textColumn("reason", ({ reason }) => reasonCell(reason)),
        jobsColumn,
        numberColumn("hosts", ({ hosts }) => formatCount(hosts)),
        textColumn("for example", ({ seq }) => shownUrl(urls.get(seq))),
      ],
      rows: shown,
      total,
    }),
  );
}

function stageText({ stage }: UnfinishedFigures): string {
  if (stage === null) return "not begun";
  return `ended ${STAGE_WORDS[stage] ?? `in the state ${stage}`}`;
}

export function unfinishedSection({ figures, urls }: Report): Html | undefined {
  const { shown, total } = figures.unfinished;
  if (total === 0) return undefined;
  return section(
    "What has not ended",
    table<UnfinishedFigures>({
      caption: "Files that are neither there nor given up. The next run goes on with them.",
      columns: [
        textColumn("how far", stageText),
        jobsColumn,
        textColumn("its last attempt", ({ reason }) => (reason === null ? "–" : reasonCell(reason))),
        textColumn("for example", ({ seq }) => shownUrl(urls.get(seq))),
      ],
      rows: shown,
      total,
    }),
  );
}

const bytesRate = (value: number): string => `${formatBytes(Math.round(value))}/s`;
const filesRate = (value: number): string => `${formatCount(Number(value.toPrecision(3)))}/s`;

export function throughputSection({ throughput }: Report): Html | undefined {
  const { bytes, failed, stepMs, stored } = throughput;
  const ended = [...stored, ...failed].reduce((sum, count) => sum + count, 0);
  if (ended === 0) return undefined;
  const perSecond = (values: Float64Array): Float64Array => values.map((value) => (value / stepMs) * 1000);
  const [byteRates, storedRates, failedRates] = [perSecond(bytes), perSecond(stored), perSecond(failed)];
  const each = `each bar is ${formatSpan(stepMs)}`;
  return section(
    "Over time",
    timeChart({
      title: "Bytes downloaded",
      caption: `at most ${bytesRate(Math.max(...byteRates))}; ${each}`,
      series: [{ kind: "main", values: byteRates }],
      stepMs,
      thousand: 1024,
      format: bytesRate,
    }),
    timeChart({
      title: "Files that ended",
      caption: `at most ${filesRate(Math.max(...storedRates))} stored, ${filesRate(Math.max(...failedRates))} failed (red, on top)`,
      series: [
        { kind: "main", values: storedRates },
        { kind: "bad", values: failedRates },
      ],
      stepMs,
      thousand: 1000,
      format: filesRate,
    }),
  );
}

function speed({ timedBytes, downloadMs }: HostFigures): string {
  return downloadMs > 0 ? bytesRate((timedBytes / downloadMs) * 1000) : "–";
}

export function hostSection({ figures }: Report): Html | undefined {
  const { shown, total } = figures.hosts;
  if (total === 0) return undefined;
  return section(
    "Hosts",
    table<HostFigures>({
      caption: "Speed: bytes of a download, by its own time, on average in this run",
      columns: [
        textColumn("host", ({ host }) => html`<bdi>${shortened(host, LONGEST_NAME)}</bdi>`),
        jobsColumn,
        numberColumn("stored", ({ stored }) => orDash(stored)),
        numberColumn("failed", ({ failed }) =>
          failed === 0 ? "–" : html`<span class="failed">${formatCount(failed)}</span>`,
        ),
        numberColumn("not ended", ({ open }) => orDash(open)),
        bytesColumn,
        numberColumn("speed", speed),
        numberColumn("retries", ({ pauses }) => orDash(pauses)),
        numberColumn("waits", ({ pauses, pausedMs }) => (pauses === 0 ? "–" : formatSpan(pausedMs))),
      ],
      rows: shown,
      total,
    }),
  );
}

function sizeClass(index: number): string {
  const [from, below] = [SIZE_EDGES[index - 1], SIZE_EDGES[index]];
  if (from === undefined) return "empty";
  if (below === undefined) return `${formatBytes(from)} and more`;
  return index === 1 ? `below ${formatBytes(below)}` : `${formatBytes(from)} to ${formatBytes(below)}`;
}

export function sizeSection({ figures }: Report): Html | undefined {
  const { sizeQuantiles, sizes, types } = figures;
  const { median, p95, most } = sizeQuantiles;
  if (median === null || p95 === null || most === null) return undefined;
  const total = sizes.reduce((sum, { jobs }) => sum + jobs, 0);
  const shareColumn = numberColumn<Counted>("share", ({ jobs }) => shareBar(jobs, total));
  return section(
    "Sizes and types",
    table<SizeFigures>({
      caption: `Half of the files have up to ${formatBytes(median)}, 95 % up to ${formatBytes(p95)}, the largest ${formatBytes(most)}`,
      columns: [textColumn("size of a file", (row) => sizeClass(row.class)), jobsColumn, bytesColumn, shareColumn],
      rows: sizes,
    }),
    table<TypeFigures>({
      caption: "As the origins name them",
      columns: [
        textColumn("type", ({ type }) => (type === null ? "none" : shortened(type, LONGEST_NAME))),
        jobsColumn,
        bytesColumn,
        shareColumn,
      ],
      rows: types.shown,
      total: types.total,
    }),
  );
}

export function waitSection({ figures }: Report): Html | undefined {
  const { shown, total } = figures.waits;
  if (total === 0) return undefined;
  return section(
    "Retries and waits",
    table<WaitFigures>({
      caption: "Attempts of this run that failed and were followed by a wait. Files wait at the same time.",
      columns: [
        textColumn("reason", ({ reason }) => reasonCell(reason)),
        numberColumn("waits", ({ pauses }) => formatCount(pauses)),
        jobsColumn,
        numberColumn("named by Retry-After", ({ asked }) => orDash(asked)),
        numberColumn("all together", ({ totalMs }) => formatSpan(totalMs)),
        numberColumn("longest", ({ longestMs }) => formatSpan(longestMs)),
      ],
      rows: shown,
      total,
    }),
  );
}
