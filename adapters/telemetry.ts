import type { Telemetry } from "../core/ports.ts";

/** Lines held back at most this long: what a kill can lose. */
const LONGEST_BATCH_MS = 50;
const LARGEST_BATCH_LINES = 256;

const timestamp = (): string => new Date().toISOString();

/** One JSON line each, batched; `write` gets whole lines. A sink that throws loses its batch and nothing else. */
export function lineTelemetry(write: (lines: string) => void): Telemetry {
  let lines: string[] = [];
  let timer: NodeJS.Timeout | undefined;

  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (lines.length === 0) return;
    const batch = `${lines.join("\n")}\n`;
    lines = [];
    try {
      write(batch);
    } catch {
      // Telemetry must never fail the pipeline, and there is nowhere left to say so.
    }
  };

  const append = (line: object): void => {
    lines.push(JSON.stringify(line));
    if (lines.length >= LARGEST_BATCH_LINES) flush();
    else timer ??= setTimeout(flush, LONGEST_BATCH_MS).unref();
  };

  return {
    emit: ({ event, ...fields }) => append({ event, timestamp: timestamp(), ...fields }),
    log: (level, message, fields) => append({ level, timestamp: timestamp(), message, ...fields }),
    flush,
  };
}

export const stdoutTelemetry = (): Telemetry => lineTelemetry((lines) => process.stdout.write(lines));
