import type { Telemetry } from "../../core/ports/telemetry.ts";
import { boundedSink } from "../node/bounded-sink.ts";
import type { Holding } from "../node/held-events.ts";
import { lineTelemetry } from "../node/telemetry.ts";
import { EmbeddedMetrics } from "./metrics.ts";

/** Lines for CloudWatch: events, the environment's metrics of them (EMF), and log messages. */
export const measuredTelemetry = (environment: string, write: (lines: string) => void, holding?: Holding): Telemetry =>
  lineTelemetry(write, (append) => new EmbeddedMetrics(environment, append), holding);

export function stdoutTelemetry(environment: string, holding?: Holding): Telemetry {
  const telemetry = measuredTelemetry(environment, boundedSink(process.stdout), holding);
  process.once("SIGTERM", () => {
    telemetry.flush();
    process.kill(process.pid, "SIGTERM");
  });
  return telemetry;
}
