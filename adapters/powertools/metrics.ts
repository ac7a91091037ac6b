import { Metrics } from "@aws-lambda-powertools/metrics";
import type { TelemetryEvent } from "../../core/telemetry/events.ts";
import {
  METRIC_DIMENSION,
  METRIC_NAMESPACE,
  METRICS,
  metricsOf,
  type MetricName,
} from "../../core/telemetry/metrics.ts";

/**
 * Embedded metrics (EMF), written as a JSON line whenever they are published: on request, and automatically at 100
 * values of one metric. Powertools itself would write to its own console and add a dimension `service` that no alarm
 * reads.
 */
export class EmbeddedMetrics extends Metrics {
  readonly #write: (line: string) => void;

  constructor(environment: string, write: (line: string) => void) {
    super({ namespace: METRIC_NAMESPACE });
    this.#write = write;
    this.clearDefaultDimensions();
    this.setDefaultDimensions({ [METRIC_DIMENSION]: environment });
  }

  count(event: TelemetryEvent): void {
    for (const [name, value] of Object.entries(metricsOf(event))) {
      this.addMetric(name, METRICS[name as MetricName].unit, value);
    }
  }

  override publishStoredMetrics(): this {
    if (this.hasStoredMetrics()) this.#write(JSON.stringify(this.serializeMetrics()));
    this.clearMetrics();
    return this;
  }
}
