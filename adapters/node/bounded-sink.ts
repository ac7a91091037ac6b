import type { Writable } from "node:stream";

/** What may wait in memory for a log that nobody reads. */
const MOST_WAITING_BYTES = 1024 * 1024;

/**
 * Whole lines to a stream, by a write that never waits: Node queues what a full pipe does not take, and would until memory
 * ends. Beyond the bound lines are dropped, and counted in a line of their own once the pipe takes something again.
 */
export function boundedSink(stream: Writable): (lines: string) => void {
  let dropped = 0;
  // A reader that has gone is told by an event, which would end the process.
  stream.on("error", () => undefined);
  return (lines) => {
    if (stream.writableLength > MOST_WAITING_BYTES) {
      dropped += lines.split("\n").length - 1;
      return;
    }
    if (dropped > 0) stream.write(`${droppedLine(dropped)}\n`);
    dropped = 0;
    stream.write(lines);
  };
}

const droppedLine = (lines: number): string =>
  JSON.stringify({
    level: "warn",
    timestamp: new Date().toISOString(),
    message: "telemetry was dropped: nobody read the log",
    lines,
  });
