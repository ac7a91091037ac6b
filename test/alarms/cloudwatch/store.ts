/** What CloudWatch stores: samples by metric and minute, read as statistics over any whole number of minutes. */
import type { Point } from "./expression.ts";

export interface MetricIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  /** A reading that names a unit sees only the samples of that unit. */
  readonly unit?: string | undefined;
}

export const keyOf = ({ namespace, name, dimensions, unit = "" }: MetricIdentity): string =>
  `${namespace} ${name} ${unit} ${Object.entries(dimensions)
    .map(([dimension, value]) => `${dimension}=${value}`)
    .sort()
    .join(" ")}`;

type Group = (readonly [value: number, times: number])[];

interface Samples {
  readonly byMinute: Map<number, Group>;
  /** Built on the first reading after a change. */
  sorted: Sorted | undefined;
}

/** The minutes that have samples. `counts` and `sums` hold the totals before each minute, and after the last one. */
interface Sorted {
  readonly minutes: readonly number[];
  readonly groups: readonly Group[];
  readonly counts: readonly number[];
  readonly sums: readonly number[];
}

export class MetricStore {
  readonly #samples = new Map<string, Samples>();

  add(metric: MetricIdentity, minute: number, value: number, times = 1): void {
    if (times === 0) return;
    this.#add(keyOf(metric), minute, value, times);
    if (metric.unit !== undefined) this.#add(keyOf({ ...metric, unit: undefined }), minute, value, times);
  }

  #add(key: string, minute: number, value: number, times: number): void {
    const samples: Samples = this.#samples.get(key) ?? { byMinute: new Map(), sorted: undefined };
    this.#samples.set(key, samples);
    samples.sorted = undefined;
    const group = samples.byMinute.get(minute);
    if (group === undefined) samples.byMinute.set(minute, [[value, times]]);
    else group.push([value, times]);
  }

  /** The keys of the metric, one for each set of dimensions. */
  keysOf(namespace: string, name: string): readonly string[] {
    return [...this.#samples.keys()].filter((key) => key.startsWith(`${namespace} ${name} `));
  }

  /** Over the minutes from `from` up to, but without, `to`; `undefined` without a sample. */
  statistic(key: string, statistic: Statistic, from: number, to: number): Point {
    const samples = this.#samples.get(key);
    if (samples === undefined) return undefined;
    samples.sorted ??= inOrder(samples.byMinute);
    const { minutes, groups, counts, sums } = samples.sorted;
    const first = firstNotBefore(minutes, from);
    const end = firstNotBefore(minutes, to);
    if (first >= end) return undefined;
    const count = (counts[end] ?? 0) - (counts[first] ?? 0);
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
        const values = groups
          .slice(first, end)
          .flat()
          .sort(([one], [other]) => one - other);
        if (statistic.kind === "Minimum") return values[0]?.[0];
        if (statistic.kind === "Maximum") return values.at(-1)?.[0];
        return percentile(values, count, statistic.share);
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

/** @throws RangeError when the statistic is not supported. */
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
      if (percent === undefined) throw new RangeError(`the statistic ${text} is not supported`);
      return { kind: "percentile", share: Number(percent) / 100 };
    }
  }
}

function inOrder(byMinute: ReadonlyMap<number, Group>): Sorted {
  const minutes = [...byMinute.keys()].sort((one, other) => one - other);
  const groups = minutes.map((minute) => byMinute.get(minute) ?? []);
  let count = 0;
  let sum = 0;
  const counts = [0];
  const sums = [0];
  for (const group of groups) {
    for (const [value, times] of group) {
      count += times;
      sum += value * times;
    }
    counts.push(count);
    sums.push(sum);
  }
  return { minutes, groups, counts, sums };
}

/** The index of the first minute that is not before this one; the number of minutes if all are before it. */
function firstNotBefore(minutes: readonly number[], minute: number): number {
  let low = 0;
  let high = minutes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((minutes[middle] ?? 0) < minute) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Interpolates linearly between the two nearest ranks. */
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
