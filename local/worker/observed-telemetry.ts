import { isTerminal } from "../../core/model/states.ts";
import type { Telemetry } from "../../core/ports/telemetry.ts";
import type { TelemetryEvent } from "../../core/telemetry/events.ts";
import type { EndNotice, UnguardedEnd } from "./messages.ts";

interface Observer {
  onLeased(jobId: string): void;
  onReleased(jobId: string): void;
  onEnded(end: EndNotice): void;
  onError(error: unknown): void;
}

type LogFields = Parameters<Telemetry["log"]>[2];

/** Writes events and log lines to two places, and tells the observer what they mean for this process. */
export function observedTelemetry(events: Telemetry, logs: Telemetry, observer: Observer): Telemetry {
  return {
    emit(event) {
      events.emit(event);
      observe(event, observer);
    },
    log(level, message, fields, error) {
      logs.log(level, message, fields, error);
      const end = unguardedEnd(message, fields);
      if (end) observer.onEnded(end);
      if (error !== undefined) observer.onError(error);
    },
    invocationStarted: () => undefined,
    flush() {
      events.flush();
      logs.flush();
    },
  };
}

function observe(event: TelemetryEvent, observer: Observer): void {
  if (event.event === "job_leased") observer.onLeased(event.job_id);
  if (event.event === "lease_released") observer.onReleased(event.job_id);
  if (event.event === "job_state_changed" && isTerminal(event.to_state)) observer.onEnded({ jobId: event.job_id });
}

/** The unguarded path keeps no record: it says in the log how a job ended. */
function unguardedEnd(message: string, fields: LogFields): EndNotice | undefined {
  const jobId = String(fields["job_id"]);
  if (message === "refused") return { jobId, unguarded: { state: "FAILED", reason: String(fields["reason"]) } };
  if (message !== "published") return undefined;
  const unguarded: UnguardedEnd = {
    state: "PUBLISHED",
    sha256: String(fields["sha256"]),
    bytes: Number(fields["bytes"]),
    contentType: String(fields["content_type"]),
  };
  return { jobId, unguarded };
}
