import { open } from "node:fs/promises";
import { unpackJob } from "../../core/telemetry/unpack-job.ts";
import { orUndefined } from "../../local/shared/errno.ts";
import { lineSplitter, type JsonLine } from "../../local/shared/lines.ts";

const READ_EVERY_MS = 250;
const READ_BYTES = 1024 * 1024;

/**
 * Follows the events that the run's processes append to `events.jsonl`.
 * @returns a function that stops following, after the events so far.
 */
export function followEvents(path: string, from: number, onEvent: (event: JsonLine) => void): () => Promise<void> {
  const lines = lineSplitter((line) => {
    const event = parse(line);
    for (const each of event ? unpackJob(event) : []) onEvent(each);
  });
  const decoder = new TextDecoder();
  let at = from;
  const readOn = async (): Promise<void> => {
    const file = await orUndefined(open(path));
    if (!file) return;
    try {
      const block = Buffer.allocUnsafe(READ_BYTES);
      for (;;) {
        const { bytesRead } = await file.read(block, 0, READ_BYTES, at);
        if (bytesRead === 0) return;
        at += bytesRead;
        lines.push(decoder.decode(block.subarray(0, bytesRead), { stream: true }));
      }
    } finally {
      await file.close();
    }
  };
  let reading = Promise.resolve();
  const next = (): void => {
    reading = reading.then(readOn).catch(() => undefined);
  };
  const timer = setInterval(next, READ_EVERY_MS);
  return async () => {
    clearInterval(timer);
    next();
    await reading;
  };
}

/** @returns undefined for a line that a crash left incomplete. */
function parse(line: string): JsonLine | undefined {
  try {
    return JSON.parse(line) as JsonLine;
  } catch {
    return undefined;
  }
}
