import type { TelemetryEvent } from "../telemetry/events.ts";

export type LogFields = Readonly<Record<string, string | number | boolean>>;
type LogLevel = "info" | "warn" | "error";

/** Never awaited, never throws: what it loses, it loses alone. */
export interface Telemetry {
  emit(event: TelemetryEvent): void;
  /** An operational line for people: what happened, where, what to do next. An error adds its text, stack and causes. */
  log(level: LogLevel, message: string, fields: LogFields, error?: unknown): void;
  /** Operational lines from here on name this invocation. */
  invocationStarted(id: string): void;
  /** Writes out what is batched; called at the end of an invocation. */
  flush(): void;
}
