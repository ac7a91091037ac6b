/** Pictures in SVG, made when the report is written: the page needs no script. */
import { html, type Html } from "./html.ts";
import { formatSpan } from "./format.ts";
import type { Span } from "./timelines.ts";

const WIDTH = 760;
const HEIGHT = 150;
const LEFT = 80;
const TOP = 10;
const BOTTOM = 20;
const NICE = [1, 1.5, 2, 3, 4, 5, 6, 8, 10];

interface Series {
  readonly kind: "main" | "bad";
  /** A value for each step. */
  readonly values: Float64Array;
}

interface Chart {
  readonly title: string;
  readonly caption: string;
  /** The first series stands at the bottom, the next ones on top of it. */
  readonly series: readonly Series[];
  readonly stepMs: number;
  readonly thousand: 1000 | 1024;
  readonly format: (value: number) => string;
}

/** The next round number of a unit whose multiples are powers of `thousand`: 1000, or 1024 for bytes. */
function roundedUp(value: number, thousand: number): number {
  if (value <= 0) return 1;
  const unit = thousand ** Math.max(0, Math.floor(Math.log(value) / Math.log(thousand)));
  const power = 10 ** Math.floor(Math.log10(value / unit));
  return unit * power * (NICE.find((nice) => nice * power * unit >= value) ?? 10);
}

const fixed = (pixels: number): string => pixels.toFixed(1);

/** Bars over time, in steps of equal length. */
export function timeChart({ title, caption, series, stepMs, thousand, format }: Chart): Html {
  const steps = series[0]?.values.length ?? 0;
  const sums = Array.from({ length: steps }, (_, step) =>
    series.reduce((sum, { values }) => sum + (values[step] ?? 0), 0),
  );
  const most = roundedUp(Math.max(0, ...sums), thousand);
  const height = HEIGHT - TOP - BOTTOM;
  const barWidth = (WIDTH - LEFT) / steps;
  const y = (value: number): number => TOP + height * (1 - value / most);

  const floors = new Float64Array(steps);
  const bars = series.flatMap(({ kind, values }) =>
    Array.from(values).flatMap((value, step) => {
      const floor = floors[step] ?? 0;
      floors[step] = floor + value;
      if (value === 0) return [];
      const top = y(floor + value);
      return html`<rect
        class="${kind}"
        x="${fixed(LEFT + step * barWidth)}"
        y="${fixed(top)}"
        width="${fixed(barWidth)}"
        height="${fixed(y(floor) - top)}"
      />`;
    }),
  );
  const levels = [0, 0.5, 1].map((part) => {
    const level = fixed(y(part * most));
    return html`<path class="grid" d="M${LEFT} ${level}H${WIDTH}" /><text
        x="${LEFT - 6}"
        y="${level}"
        dy="4"
        text-anchor="end"
        >${format(part * most)}</text
      >`;
  });
  const times = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const anchor = part === 0 ? "start" : part === 1 ? "end" : "middle";
    const x = fixed(LEFT + part * (WIDTH - LEFT));
    return html`<text x="${x}" y="${HEIGHT - 4}" text-anchor="${anchor}"
      >${part === 0 ? "0" : formatSpan(part * steps * stepMs)}</text
    >`;
  });
  return html`<figure>
    <figcaption>${title}: ${caption}</figcaption>
    <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}: ${caption}">${levels}${bars}${times}</svg>
  </figure>`;
}

const STRIP_WIDTH = 240;
const STRIP_HEIGHT = 12;
/** What is shorter is still seen. */
const LEAST_WIDTH = 1.5;

/** When a job was worked on, within the whole run. */
export function strip(run: Span, job: Span, work: readonly Span[], isFailed: boolean): Html {
  const scale = STRIP_WIDTH / Math.max(1, run.toMs - run.fromMs);
  const bar = (kind: string, { fromMs, toMs }: Span, inset: number): Html => {
    const x = Math.min(STRIP_WIDTH - LEAST_WIDTH, Math.max(0, (fromMs - run.fromMs) * scale));
    const width = Math.min(STRIP_WIDTH - x, Math.max(LEAST_WIDTH, (toMs - fromMs) * scale));
    return html`<rect
      class="${kind}"
      x="${fixed(x)}"
      y="${inset}"
      width="${fixed(width)}"
      height="${STRIP_HEIGHT - 2 * inset}"
    />`;
  };
  return html`<svg class="strip" viewBox="0 0 ${STRIP_WIDTH} ${STRIP_HEIGHT}" aria-hidden="true">
    <path class="grid" d="M0 6H${STRIP_WIDTH}" />
    ${bar("idle", job, 4)}${work.map((span) => bar(isFailed ? "bad" : "main", span, 1))}
  </svg>`;
}

/** A part of a whole, beside its number. */
export const shareBar = (part: number, whole: number): Html =>
  html`<svg class="share" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
    <rect class="main" width="${fixed(whole > 0 ? (part / whole) * 100 : 0)}" height="10" />
  </svg>`;
