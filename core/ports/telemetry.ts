import type { TelemetryEvent } from "../telemetry/events.ts";

type LogLevel = "info" | "warn" | "error";

/** Never awaited, never throws: what it loses, it loses alone. */
export interface Telemetry {
  emit(event: TelemetryEvent): void;
  /** An operational line for people: what happened, where, what to do next. */
  log(level: LogLevel, message: string, fields: Readonly<Record<string, string | number | boolean>>): void;
  /** Writes out what is batched; called at the end of an invocation. */
  flush(): void;
}
