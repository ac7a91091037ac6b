import type { TelemetryEvent } from "../telemetry/events.ts";

type LogFields = Readonly<Record<string, string | number | boolean>>;
type LogLevel = "info" | "warn" | "error";

/** Never awaited and never throws: when it fails, only telemetry is lost. */
export interface Telemetry {
  emit(event: TelemetryEvent): void;
  /** An operational line for people: what happened, where, what to do next. An error adds text, stack and causes. */
  log(level: LogLevel, message: string, fields: LogFields, error?: unknown): void;
  /** Operational lines from now on carry this invocation's id. */
  invocationStarted(id: string): void;
  /** Writes all batched lines. Called at the end of an invocation. */
  flush(): void;
}
