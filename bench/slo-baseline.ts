import { metricsOf, THRESHOLDS, type MetricName } from "../core/telemetry/metrics.ts";
import type { TelemetryEvent } from "../core/telemetry/events.ts";
import { jobIdOf } from "../core/model/keys.ts";
import { MetricSums, sloReport } from "../dashboards/catalogue/report.ts";
import { SLOS } from "../dashboards/catalogue/slos.ts";
import type { OriginFile } from "../local/origin/file.ts";
import { setTimeout as sleep } from "node:timers/promises";
import { EVENTS_AT_ONCE, LocalRun, startOriginProcess } from "./local-run.ts";
import { KIB, MIB, rounded, type Figure, type Measurement } from "./harness/measurement.ts";

const WORKERS = 3;
const SMALL_FILES = 2000;
const FLAKY_FILES = 40;
const FILES_A_SECOND = 20;
/** As deployed: with a lease of two minutes, a crash is noticed within three minutes. */
const RECONCILE_EVERY_MS = 60_000;

const BIG: OriginFile = { name: "big", size: 512 * MIB };
const FILES: readonly OriginFile[] = [
  ...Array.from({ length: SMALL_FILES }, (_, index) => ({ name: `small-${index}`, size: 64 * KIB })),
  ...Array.from({ length: FLAKY_FILES }, (_, index) => ({ name: `flaky-${index}`, size: MIB, failFirst: 2 })),
  BIG,
];

/** Collects the metrics of a run's events. */
class Heard {
  readonly sums = new MetricSums();
  readonly #values = new Map<MetricName, number[]>();

  add(event: TelemetryEvent): void {
    this.sums.add(event);
    for (const [name, value] of Object.entries(metricsOf(event)) as [MetricName, number][]) {
      const values = this.#values.get(name) ?? [];
      values.push(value);
      this.#values.set(name, values);
    }
  }

  /**
   * @returns the smallest value that at least this share of the values does not exceed. `share` is 0 to 1.
   * @throws Error if no event has measured the metric.
   */
  quantile(name: MetricName, share: number): number {
    const sorted = (this.#values.get(name) ?? []).toSorted((a, b) => a - b);
    const value = sorted[Math.ceil(share * sorted.length) - 1];
    if (value === undefined) throw new Error(`No event has measured ${name}, so there is no baseline.`);
    return value;
  }
}

export const sloBaseline: Measurement = {
  about: `the objectives over a local run: ${FILES.length} files, ${WORKERS} workers, one of them killed`,
  async measure(say, scope) {
    const origin = scope.use(await startOriginProcess());
    const messages = FILES.map((file) => origin.messageOf(file));
    const bigJob = jobIdOf(origin.messageOf(BIG));
    const heard = new Heard();
    let killed: number | undefined;
    const run = scope.use(
      await LocalRun.start({
        workers: WORKERS,
        workerEnv: EVENTS_AT_ONCE,
        reconcileEveryMs: RECONCILE_EVERY_MS,
        onTelemetry: (line, pid) => {
          const event = line as unknown as TelemetryEvent;
          heard.add(event);
          const begins = event.event === "operation_started" && event.op_type === "STREAM" && event.job_id === bigJob;
          if (!begins || killed !== undefined) return;
          killed = pid;
          run.pipeline.workers.kill(pid);
          say(`killed worker ${pid}`);
        },
      }),
    );
    // The big file is sent at once. The others are sent at the pace of a producer that does not fill its own queue.
    await run.pipeline.submit(messages.slice(-1));
    for (let start = 0; start < messages.length - 1; start += FILES_A_SECOND) {
      await run.pipeline.submit(messages.slice(start, start + FILES_A_SECOND).slice(0, messages.length - 1 - start));
      await sleep(1000);
    }
    const records = await run.untilTerminal(messages);
    if (killed === undefined) throw new Error("No worker was killed, so recovery was not measured.");
    const failed = [...records.values()].filter(({ state }) => state === "FAILED");
    if (failed.length > 0) throw new Error(`${failed.length} jobs failed, so the measurement is void. Run it again.`);
    return {
      figures: [...sloReport(heard.sums.sums, SLOS).flatMap(figuresOf), ...timings(heard)],
      remarks: [
        `There are ${SMALL_FILES} files of 64 KiB, ${FLAKY_FILES} of 1 MiB whose origin answers 503 twice, and one of 512 MiB. They are sent at ${FILES_A_SECOND} a second.`,
        "The worker that had begun the big file was killed. A lease lasts 120 s and the reconciler runs each minute, as deployed. S3, DynamoDB and SQS are embedded and share the cores. So the time for a lease is theirs more than ours.",
      ],
    };
  },
};

const figuresOf = ({ slo, actual, bad, total }: ReturnType<typeof sloReport>[number]): readonly Figure[] => [
  { what: `${slo.id}: good`, value: rounded(100 * (actual ?? Number.NaN), 3), unit: "%" },
  { what: `${slo.id}: bad events`, value: bad, unit: "" },
  { what: `${slo.id}: events`, value: total, unit: "" },
];

const timings = (heard: Heard): readonly Figure[] => [
  { what: "time to complete, median", value: rounded(heard.quantile("TimeToComplete", 0.5) / 1000), unit: "s" },
  { what: "time to complete, p95", value: rounded(heard.quantile("TimeToComplete", 0.95) / 1000), unit: "s" },
  { what: "lease acquisition, p99", value: rounded(heard.quantile("LeaseAcquisition", 0.99), 1), unit: "ms" },
  {
    what: `oldest expired lease (late from ${THRESHOLDS.recoveryMs / 1000} s on)`,
    value: rounded(heard.quantile("OldestExpiredLease", 1) / 1000),
    unit: "s",
  },
];
