import { inspect } from "node:util";
import { causesOf } from "../../core/model/errors.ts";
import type { Telemetry } from "../../core/ports/telemetry.ts";
import type { TelemetryEvent } from "../../core/telemetry/events.ts";
import type { Fields } from "../../core/telemetry/packed-job.ts";
import { HeldEvents, type Holding } from "./held-events.ts";

/** The longest time that lines are held back, in ms. A kill loses them. */
const LONGEST_BATCH_MS = 50;
const LARGEST_BATCH_LINES = 256;
/** Metrics cannot wait for the end of an invocation: it may last 15 minutes, and alarms look at the last five. */
const LONGEST_METRICS_MS = 10_000;

/** Many events share a millisecond, and formatting a time costs more than the rest of an event. */
function timestamps(): (ms: number) => string {
  let atMs = 0;
  let text = "";
  return (ms) => {
    if (ms !== atMs) text = new Date(ms).toISOString();
    atMs = ms;
    return text;
  };
}

/** Counts events, and writes what it counted whenever it is asked to. */
interface EventMetrics {
  count(event: TelemetryEvent): void;
  publishStoredMetrics(): void;
}

/** Events are lines of their own, at once. */
const NOT_HELD: Holding = { holdMs: 0, samplePercent: 100 };

/**
 * Writes one JSON line per event or log message, in batches; `write` gets whole lines. If `write` throws, its batch is
 * lost and nothing else. `metricsTo` makes metrics of the events, whose lines go where all lines go: they count every
 * event, whether it is written or not.
 */
export function lineTelemetry(
  write: (lines: string) => void,
  metricsTo?: (append: (line: string) => void) => EventMetrics,
  holding: Holding = NOT_HELD,
): Telemetry {
  const timestamp = timestamps();
  let lines: string[] = [];
  let timer: NodeJS.Timeout | undefined;
  let metricsTimer: NodeJS.Timeout | undefined;
  let invocationId: string | undefined;

  const writeOut = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (lines.length === 0) return;
    const batch = `${lines.join("\n")}\n`;
    lines = [];
    harmlessly(() => write(batch));
  };

  const append = (line: string): void => {
    lines.push(line);
    if (lines.length >= LARGEST_BATCH_LINES) writeOut();
    else timer ??= setTimeout(writeOut, LONGEST_BATCH_MS).unref();
  };

  const held = new HeldEvents(holding, {
    writeEvent: ({ atMs, event: { event: name, ...fields } }) =>
      append(JSON.stringify({ event: name, timestamp: timestamp(atMs), ...fields })),
    writePacked: (line: Fields) => append(JSON.stringify(line)),
  });
  const metrics = metricsTo?.(append);
  const publish = (): void => {
    clearTimeout(metricsTimer);
    metricsTimer = undefined;
    harmlessly(() => metrics?.publishStoredMetrics());
  };

  return {
    emit: (event) =>
      harmlessly(() => {
        held.take({ atMs: Date.now(), event });
        if (!metrics) return;
        metrics.count(event);
        metricsTimer ??= setTimeout(publish, LONGEST_METRICS_MS).unref();
      }),
    log: (level, message, fields, error) =>
      harmlessly(() => {
        const cause = error === undefined ? {} : { error: textOf(error), stack: stackOf(error) };
        // What is told of a job is told because there is trouble.
        held.trouble(String(fields["job_id"]));
        const at = timestamp(Date.now());
        const line = { level, timestamp: at, message, invocation_id: invocationId, ...fields, ...cause };
        append(JSON.stringify(line));
      }),
    invocationStarted: (id) => {
      invocationId = id;
    },
    flush: () => {
      harmlessly(() => held.flush());
      publish();
      writeOut();
    },
  };
}

const textOf = (error: unknown): string => (error instanceof Error ? error.toString() : inspect(error));

/** The stacks of an error and its causes. In Lambda, NODE_OPTIONS makes Node map them to lines of the sources. */
const stackOf = (error: unknown): string =>
  causesOf(error)
    .map((link) => (link instanceof Error ? link.stack : textOf(link)))
    .join("\ncaused by: ");

/** Telemetry must never fail the pipeline. Its own errors are dropped, because they cannot be reported anywhere. */
function harmlessly(action: () => void): void {
  try {
    action();
  } catch {
    // Lost.
  }
}
