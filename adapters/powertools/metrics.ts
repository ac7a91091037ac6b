import { Metrics } from "@aws-lambda-powertools/metrics";
import type { TelemetryEvent } from "../../core/telemetry/events.ts";
import {
  METRIC_DIMENSION,
  METRIC_NAMESPACE,
  METRICS,
  metricsOf,
  type MetricName,
  VERSION_DIMENSION,
  VERSION_METRIC,
} from "../../core/telemetry/metrics.ts";

/**
 * Embedded metrics (EMF), written as a JSON line whenever they are published: on request, and automatically at 100
 * values of one metric. Powertools itself would write to its own console and add a dimension `service` that no alarm
 * reads.
 */
export class EmbeddedMetrics extends Metrics {
  readonly #write: (line: string) => void;
  readonly #environment: string;
  readonly #version: string | undefined;
  #failedWork = 0;

  /** @param version of the code, by which its failures are counted as well; undefined if it has none. */
  constructor(environment: string, write: (line: string) => void, version?: string) {
    super({ namespace: METRIC_NAMESPACE });
    this.#write = write;
    this.#environment = environment;
    this.#version = version;
    this.clearDefaultDimensions();
    this.setDefaultDimensions({ [METRIC_DIMENSION]: environment });
  }

  count(event: TelemetryEvent): void {
    const measured = metricsOf(event);
    if (this.#version !== undefined) this.#failedWork += (measured.JobsFailed ?? 0) + (measured.DeliveriesFailed ?? 0);
    for (const [name, value] of Object.entries(measured)) {
      this.addMetric(name, METRICS[name as MetricName].unit, value);
    }
  }

  override publishStoredMetrics(): this {
    if (this.hasStoredMetrics()) this.#write(JSON.stringify(this.serializeMetrics()));
    this.clearMetrics();
    if (this.#failedWork > 0) this.#publishOfVersion();
    return this;
  }

  #publishOfVersion(): void {
    const directive = {
      Namespace: METRIC_NAMESPACE,
      Dimensions: [[METRIC_DIMENSION, VERSION_DIMENSION]],
      Metrics: [{ Name: VERSION_METRIC, Unit: "Count" }],
    };
    this.#write(
      JSON.stringify({
        _aws: { Timestamp: Date.now(), CloudWatchMetrics: [directive] },
        [METRIC_DIMENSION]: this.#environment,
        [VERSION_DIMENSION]: this.#version,
        [VERSION_METRIC]: this.#failedWork,
      }),
    );
    this.#failedWork = 0;
  }
}
