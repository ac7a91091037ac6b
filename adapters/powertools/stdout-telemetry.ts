import type { Telemetry } from "../../core/ports/telemetry.ts";
import { boundedSink } from "../node/bounded-sink.ts";
import { lineTelemetry } from "../node/telemetry.ts";
import { EmbeddedMetrics } from "./metrics.ts";

/** Lines for CloudWatch: events, the environment's metrics of them (EMF), and log messages. */
export const measuredTelemetry = (environment: string, write: (lines: string) => void): Telemetry =>
  lineTelemetry(write, (append) => new EmbeddedMetrics(environment, append));

export const stdoutTelemetry = (environment: string): Telemetry =>
  measuredTelemetry(environment, boundedSink(process.stdout));
