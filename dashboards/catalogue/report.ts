/** Evaluates the objectives for a run, or for any other sums of measurements. */
import type { TelemetryEvent } from "../../core/telemetry/events.ts";
import { metricsOf, type Measurements, type MetricName } from "../../core/telemetry/metrics.ts";
import { budgetOf, LEAST_BAD_EVENTS, type Slo } from "./slos.ts";

/** `too few to tell`: the objective is missed, but with fewer bad events than `LEAST_BAD_EVENTS`. It may be chance. */
type Verdict = "met" | "missed" | "too few to tell" | "no data";

export interface SloResult {
  readonly slo: Slo;
  readonly good: number;
  readonly bad: number;
  readonly total: number;
  /** Share of good events; undefined without events. */
  readonly actual: number | undefined;
  /** Share of the error budget that is left; negative if more than all of it is spent; undefined without events. */
  readonly budgetLeft: number | undefined;
  readonly verdict: Verdict;
}

/** Adds up metrics as events arrive, and keeps no event. Sums of metrics in milliseconds mean nothing. */
export class MetricSums {
  readonly #sums = new Map<MetricName, number>();

  /** An unknown event adds nothing. */
  add(event: TelemetryEvent): void {
    for (const [name, value] of Object.entries(metricsOf(event) ?? {}) as [MetricName, number][]) {
      this.#sums.set(name, (this.#sums.get(name) ?? 0) + value);
    }
  }

  get sums(): Measurements {
    return Object.fromEntries(this.#sums);
  }
}

export const sloReport = (sums: Measurements, slos: readonly Slo[]): readonly SloResult[] =>
  slos.map((slo) => resultOf(slo, sums));

function resultOf(slo: Slo, sums: Measurements): SloResult {
  const bad = sums[slo.bad] ?? 0;
  const total = slo.total.reduce((sum, name) => sum + (sums[name] ?? 0), 0);
  const good = total - bad;
  if (total === 0) return { slo, good, bad, total, actual: undefined, budgetLeft: undefined, verdict: "no data" };
  const actual = good / total;
  // Rounded, so that it is exactly 0 when the objective is just met.
  const budgetLeft = Number((1 - bad / (total * budgetOf(slo))).toFixed(9));
  return { slo, good, bad, total, actual, budgetLeft, verdict: verdictOf(bad, budgetLeft) };
}

function verdictOf(bad: number, budgetLeft: number): Verdict {
  if (budgetLeft >= 0) return "met";
  return bad < LEAST_BAD_EVENTS ? "too few to tell" : "missed";
}
