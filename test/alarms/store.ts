/** What CloudWatch keeps: samples by metric and minute, read as statistics of any whole number of minutes. */
import type { Point } from "./expression.ts";

export interface MetricIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  /** A reading that names one sees the samples of that unit only. */
  readonly unit?: string | undefined;
}

export const keyOf = ({ namespace, name, dimensions, unit = "" }: MetricIdentity): string =>
  `${namespace} ${name} ${unit} ${Object.entries(dimensions)
    .map(([dimension, value]) => `${dimension}=${value}`)
    .sort()
    .join(" ")}`;

interface Samples {
  /** By minute since `MetricStore.start`: value and how many samples had it. */
  readonly byMinute: (readonly [value: number, times: number][] | undefined)[];
  /** Up to and without each minute; rebuilt on the first reading after a change. */
  totals: { readonly counts: Float64Array; readonly sums: Float64Array } | undefined;
}

export class MetricStore {
  readonly start: number;
  readonly #samples = new Map<string, Samples>();

  /** @param start the minute before which there is no data. */
  constructor(start: number) {
    this.start = start;
  }

  add(metric: MetricIdentity, minute: number, value: number, times = 1): void {
    if (times === 0) return;
    this.#add(keyOf(metric), minute, value, times);
    if (metric.unit !== undefined) this.#add(keyOf({ ...metric, unit: undefined }), minute, value, times);
  }

  #add(key: string, minute: number, value: number, times: number): void {
    const samples: Samples = this.#samples.get(key) ?? { byMinute: [], totals: undefined };
    this.#samples.set(key, samples);
    const index = minute - this.start;
    if (index < 0) throw new RangeError(`minute ${minute} is before the start`);
    samples.totals = undefined;
    samples.byMinute[index] = [...(samples.byMinute[index] ?? []), [value, times]];
  }

  /** Of all dimensions that the metric has. */
  keysOf(namespace: string, name: string): readonly string[] {
    return [...this.#samples.keys()].filter((key) => key.startsWith(`${namespace} ${name} `));
  }

  /** Of the minutes from `from` up to and without `to`; `undefined` without a sample. */
  statistic(key: string, statistic: Statistic, from: number, to: number): Point {
    const samples = this.#samples.get(key);
    if (samples === undefined) return undefined;
    samples.totals ??= totalsOf(samples.byMinute);
    const { counts, sums } = samples.totals;
    const last = counts.length - 1;
    const first = Math.min(Math.max(from - this.start, 0), last);
    const end = Math.min(Math.max(to - this.start, 0), last);
    const count = (counts[end] ?? 0) - (counts[first] ?? 0);
    if (count === 0) return undefined;
    const sum = (sums[end] ?? 0) - (sums[first] ?? 0);
    switch (statistic.kind) {
      case "SampleCount":
        return count;
      case "Sum":
        return sum;
      case "Average":
        return sum / count;
      case "Minimum":
      case "Maximum":
      case "percentile": {
        const sorted = samples.byMinute
          .slice(first, end)
          .flatMap((minute) => minute ?? [])
          .sort(([one], [other]) => one - other);
        if (statistic.kind === "Minimum") return sorted[0]?.[0];
        if (statistic.kind === "Maximum") return sorted.at(-1)?.[0];
        return percentile(sorted, count, statistic.share);
      }
    }
  }
}

export type Statistic =
  | { readonly kind: "SampleCount" }
  | { readonly kind: "Sum" }
  | { readonly kind: "Average" }
  | { readonly kind: "Minimum" }
  | { readonly kind: "Maximum" }
  | { readonly kind: "percentile"; readonly share: number };

/** @throws RangeError when it is none of those known here. */
export function statisticOf(text: string): Statistic {
  switch (text) {
    case "SampleCount":
    case "Sum":
    case "Average":
    case "Minimum":
    case "Maximum":
      return { kind: text };
    default: {
      const percent = /^p(\d{1,2}(?:\.\d+)?|100)$/.exec(text)?.[1];
      if (percent === undefined) throw new RangeError(`the statistic ${text} is not known here`);
      return { kind: "percentile", share: Number(percent) / 100 };
    }
  }
}

function totalsOf(byMinute: Samples["byMinute"]): { counts: Float64Array; sums: Float64Array } {
  const counts = new Float64Array(byMinute.length + 1);
  const sums = new Float64Array(byMinute.length + 1);
  for (let minute = 0; minute < byMinute.length; minute++) {
    let count = counts[minute] ?? 0;
    let sum = sums[minute] ?? 0;
    for (const [value, times] of byMinute[minute] ?? []) {
      count += times;
      sum += value * times;
    }
    counts[minute + 1] = count;
    sums[minute + 1] = sum;
  }
  return { counts, sums };
}

/** Between the two nearest ranks, in proportion. */
function percentile(sorted: readonly (readonly [value: number, times: number])[], count: number, share: number): Point {
  const rank = (count - 1) * share;
  const below = valueAt(sorted, Math.floor(rank));
  const above = valueAt(sorted, Math.ceil(rank));
  return below === undefined || above === undefined ? undefined : below + (above - below) * (rank % 1);
}

function valueAt(sorted: readonly (readonly [value: number, times: number])[], rank: number): Point {
  let seen = 0;
  for (const [value, times] of sorted) {
    seen += times;
    if (rank < seen) return value;
  }
  return undefined;
}
