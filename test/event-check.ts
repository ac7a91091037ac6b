import { z } from "zod";
import { telemetryEvent } from "../core/telemetry/event-schemas.ts";
import type { TelemetryEvent } from "../core/telemetry/events.ts";

/** @returns what is wrong with a line that should be an event, in words; undefined if it has exactly its fields. */
export function faultOfLine(line: unknown): string | undefined {
  const parsed = telemetryEvent.safeParse(line);
  return parsed.success ? undefined : `${JSON.stringify(line)}: ${z.prettifyError(parsed.error)}`;
}

const TIMESTAMP = "2026-01-01T00:00:00.000Z";

/**
 * Checks an event that has not been given its timestamp yet.
 *
 * @throws TypeError that says what is wrong with the event.
 */
export function checkEvent(event: TelemetryEvent): void {
  const fault = faultOfLine({ ...event, timestamp: TIMESTAMP });
  if (fault !== undefined) throw new TypeError(fault);
}
