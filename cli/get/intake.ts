import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { AddLine, LocalRun } from "../../local/run/local-run.ts";
import { Problems } from "../input/problems.ts";
import { nameOf, readInput, type InputEntry, type InputItem } from "../input/read-input.ts";
import { plural } from "../shared/words.ts";
import { UsageError } from "../terminal/usage-error.ts";
import type { Arguments } from "./arguments.ts";

const STANDARD_INPUT = "-";
/** Lines of standard input wait so long for others, in ms, before they are stored and begun. */
const GATHERING_MS = 50;
const MOST_GATHERED = 1_000;

export const isStandardInput = ({ sources }: Pick<Arguments, "sources">): boolean =>
  sources.length === 1 && sources[0] === STANDARD_INPUT;

export interface IntakeSurroundings {
  readonly stdin: Readable;
  readonly signal: AbortSignal;
  /** Says a problem of the list. */
  readonly tell: (line: string) => void;
}

/**
 * Takes a whole list, or nothing of it.
 * @returns the number of lines that were skipped because they are not valid.
 * @throws UsageError if a line is not valid and is not to be skipped, or if no line is left.
 */
export async function takeList(
  run: LocalRun,
  args: Arguments,
  { stdin, signal, tell }: IntakeSurroundings,
): Promise<number> {
  const name = sourceName(args);
  const problems = new Problems(name, tell);
  const matches = matcher(args.only);
  let taken = 0;
  let others = 0;
  await run.replaceList(async (add) => {
    for await (const item of untilStopped(itemsOf(args, stdin), signal)) {
      if ("reason" in item) problems.add(item);
      else if (!matches(item.message.url)) others += 1;
      else if (addTo(add, item, problems)) taken += 1;
    }
    problems.finish();
    if (problems.count > 0 && !args.skipInvalid)
      throw new UsageError(
        `Nothing was downloaded: ${name} has ${plural(problems.count, "invalid line")}. ` +
          "Correct it, or add --skip-invalid to go on without such lines.",
      );
    if (taken > 0) return;
    if (others > 0)
      throw new UsageError(`Nothing was downloaded: no URL of ${name} matches --only ${args.only ?? ""}.`);
    throw new UsageError(`Nothing was downloaded: no line of ${name} is valid. Correct it, and run the command again.`);
  });
  return problems.count;
}

/**
 * Takes standard input as it comes, while the run is at work. Lines that are not valid are told and skipped.
 * @returns the number of lines that were skipped.
 */
export async function takeStream(
  run: LocalRun,
  args: Arguments,
  { stdin, signal, tell }: IntakeSurroundings,
): Promise<number> {
  const problems = new Problems(sourceName(args), tell);
  const matches = matcher(args.only);
  for await (const items of gathered(itemsOf(args, stdin))) {
    if (signal.aborted) return problems.count;
    await run.addLines((add) => {
      for (const item of items) {
        if ("reason" in item) problems.add(item);
        else if (matches(item.message.url)) addTo(add, item, problems);
      }
    }, signal);
  }
  problems.finish();
  run.endLines();
  return problems.count;
}

const sourceName = ({ sources }: Arguments): string =>
  sources.some((source) => source.includes("://")) ? "the command line" : nameOf(sources);

const itemsOf = ({ sources, format, urlColumn }: Arguments, stdin: Readable): AsyncGenerator<InputItem> =>
  readInput(sources, { format, urlColumn }, stdin);

/**
 * Stops even while the next item is waited for: nobody may be writing into a named pipe.
 * @throws the signal's reason.
 */
async function* untilStopped<T>(items: AsyncGenerator<T>, signal: AbortSignal): AsyncGenerator<T> {
  let stop: ((reason: unknown) => void) | undefined;
  const onAbort = (): void => stop?.(signal.reason);
  signal.addEventListener("abort", onAbort);
  try {
    for (;;) {
      signal.throwIfAborted();
      const next = await new Promise<IteratorResult<T>>((resolve, reject) => {
        stop = reject;
        items.next().then(resolve, reject);
      });
      if (next.done) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** Puts together what comes within a short time. */
async function* gathered<T>(items: AsyncGenerator<T>): AsyncGenerator<readonly T[]> {
  const pull = async (): Promise<IteratorResult<T>> => items.next();
  let next = pull();
  for (;;) {
    const first = await next;
    if (first.done) return;
    const group = [first.value];
    next = pull();
    // Whoever waits for it next hears of an error.
    next.catch(() => undefined);
    const timeIsUp = sleep(GATHERING_MS).then(() => undefined);
    while (group.length < MOST_GATHERED) {
      const more = await Promise.race([next.catch(() => undefined), timeIsUp]);
      if (!more || more.done) break;
      group.push(more.value);
      next = pull();
      next.catch(() => undefined);
    }
    yield group;
  }
}

function addTo(add: AddLine, entry: InputEntry, problems: Problems): boolean {
  const conflict = add(entry);
  if (!conflict) return true;
  const { earlierLine, isTooLate } = conflict;
  const reason = isTooLate
    ? `line ${earlierLine} names the same URL without a digest, and has begun. Write the digest in that line`
    : `line ${earlierLine} has another digest for the same URL. Keep the one that is right`;
  problems.add({ line: entry.line, field: "sha256", reason });
  return false;
}

/** `*` stands for any text; everything else for itself. */
function matcher(pattern: string | undefined): (url: string) => boolean {
  if (pattern === undefined) return () => true;
  const parts = pattern.split("*").map((text) => text.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  const expression = new RegExp(`^${parts.join(".*")}$`, "s");
  return (url) => expression.test(url);
}
