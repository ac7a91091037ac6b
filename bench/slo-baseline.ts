import { metricsOf, THRESHOLDS, type MetricName } from "../core/telemetry/metrics.ts";
import type { TelemetryEvent } from "../core/telemetry/events.ts";
import { jobIdOf } from "../core/model/keys.ts";
import { MetricSums, sloReport } from "../dashboards/catalogue/report.ts";
import { SLOS } from "../dashboards/catalogue/slos.ts";
import type { OriginFile } from "../local/origin/file.ts";
import { setTimeout as sleep } from "node:timers/promises";
import { AS_DEPLOYED, LocalRun, startOriginProcess } from "./local-run.ts";
import { KIB, MIB, rounded, type Figure, type Measurement } from "./harness/measurement.ts";

const WORKERS = 3;
const SMALL_FILES = 2000;
const FLAKY_FILES = 40;
const FILES_A_SECOND = 20;
/** Time for a crash to be seen: a lease of two minutes and the reconciler each minute, as deployed. */
const RECONCILE_EVERY_MS = 60_000;

const BIG: OriginFile = { name: "big", size: 512 * MIB };
const FILES: readonly OriginFile[] = [
  ...Array.from({ length: SMALL_FILES }, (_, index) => ({ name: `small-${index}`, size: 64 * KIB })),
  ...Array.from({ length: FLAKY_FILES }, (_, index) => ({ name: `flaky-${index}`, size: MIB, failFirst: 2 })),
  BIG,
];

/** What the events of a run measure. */
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

  /** The smallest value that so large a share of them does not exceed. */
  quantile(name: MetricName, share: number): number {
    const sorted = (this.#values.get(name) ?? []).toSorted((a, b) => a - b);
    const value = sorted[Math.ceil(share * sorted.length) - 1];
    if (value === undefined) throw new Error(`Nothing has measured ${name}, so there is no baseline.`);
    return value;
  }
}

export const sloBaseline: Measurement = {
  about: `${FILES.length} files, ${WORKERS} workers, one of them killed: where the objectives stand on a local run`,
  async measure(say, scope) {
    const origin = scope.use(await startOriginProcess());
    const messages = FILES.map((file) => origin.messageOf(file));
    const bigJob = jobIdOf(origin.messageOf(BIG));
    const heard = new Heard();
    let killed: number | undefined;
    const run = scope.use(
      await LocalRun.start({
        workers: WORKERS,
        workerEnv: AS_DEPLOYED,
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
    // The big file at once, the others as a producer would who does not want to wait in his own queue.
    await run.pipeline.submit(messages.slice(-1));
    for (let start = 0; start < messages.length - 1; start += FILES_A_SECOND) {
      await run.pipeline.submit(messages.slice(start, start + FILES_A_SECOND).slice(0, messages.length - 1 - start));
      await sleep(1000);
    }
    const records = await run.untilTerminal(messages);
    if (killed === undefined) throw new Error("No worker was killed, so recovery was not measured.");
    const failed = [...records.values()].filter(({ state }) => state === "FAILED");
    if (failed.length > 0) throw new Error(`${failed.length} jobs failed, so the measurement is void.`);
    return {
      figures: [...sloReport(heard.sums.sums, SLOS).flatMap(figuresOf), ...timings(heard)],
      remarks: [
        `${SMALL_FILES} files of 64 KiB, ${FLAKY_FILES} of 1 MiB whose origin answers 503 twice, one of 512 MiB; ${FILES_A_SECOND} a second.`,
        "The worker that had begun the big file was killed. Lease of 120 s and the reconciler each minute, as deployed; S3, DynamoDB and SQS are the embedded ones, on the same cores: what a lease takes is theirs more than ours.",
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
