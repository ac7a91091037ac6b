import type { Writable } from "node:stream";

/** How many bytes may wait in memory for a log that nobody reads. */
const MOST_WAITING_BYTES = 1024 * 1024;

/**
 * Writes whole lines to a stream and never waits. Node queues what a full pipe does not take, until memory runs out. So
 * lines beyond the bound are dropped; a line of its own counts them once the pipe takes data again.
 */
export function boundedSink(stream: Writable): (lines: string) => void {
  let dropped = 0;
  // A reader that is gone causes an error event, which would end the process if nobody listened.
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
    message: "Log lines were dropped, because nobody read the log.",
    lines,
  });
