import { Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Fields } from "../../core/telemetry/packed-job.ts";
import { codeOf } from "../../adapters/local/disk.ts";
import { EXIT } from "../terminal/exit.ts";
import { UsageError } from "../terminal/usage-error.ts";
import { parseEventsArguments, type EventsArguments } from "./arguments.ts";
import { eventsIn, linesOf } from "./log-lines.ts";

export interface EventsSurroundings {
  readonly stdin: AsyncIterable<unknown>;
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly open: (path: string) => AsyncIterable<unknown>;
}

/** @returns the exit code. */
export async function runEvents(argv: readonly string[], surroundings: EventsSurroundings): Promise<number> {
  const { stderr, stdout } = surroundings;
  try {
    const asked = parseEventsArguments(argv);
    if (typeof asked === "string") stdout.write(`${asked}\n`);
    else await pipeline(Readable.from(textOf(asked, surroundings)), stdout, { end: false });
    return EXIT.done;
  } catch (error) {
    // Whoever read the events has enough of them.
    if (codeOf(error) === "EPIPE" || codeOf(error) === "ERR_STREAM_PREMATURE_CLOSE") return EXIT.done;
    stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return error instanceof UsageError ? EXIT.wrongUsage : EXIT.failed;
  }
}

async function* textOf(asked: EventsArguments, surroundings: EventsSurroundings): AsyncGenerator<string> {
  const events = eventsOf(asked, surroundings);
  for await (const event of asked.job === undefined ? events : await inOrder(events, asked.job))
    yield `${JSON.stringify(event)}\n`;
}

async function* eventsOf(
  { files }: EventsArguments,
  { open, stdin }: EventsSurroundings,
): AsyncGenerator<Fields, void, undefined> {
  const sources = files.length === 0 ? [stdin] : files.map(open);
  for (const source of sources) for await (const line of linesOf(source)) yield* eventsIn(line);
}

const timeOf = (event: Fields): string => String(event["timestamp"]);

/** Workers write their lines in batches. What one worker wrote at the same time stays in its order. */
async function inOrder(events: AsyncIterable<Fields>, job: string): Promise<readonly Fields[]> {
  const found: Fields[] = [];
  for await (const event of events) if (event["job_id"] === job) found.push(event);
  return found.toSorted((a, b) => (timeOf(a) < timeOf(b) ? -1 : Number(timeOf(a) > timeOf(b))));
}
