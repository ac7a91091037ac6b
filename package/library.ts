/** `import ... from "fetchonce"`: `get` does what `fetchonce get` does; `Producer` sends jobs to a deployed system. */
import { join, resolve } from "node:path";
import { proxiesOf, ProxySettingError } from "../adapters/http/proxies.ts";
import { MachineTroubleError } from "../adapters/local/machine-trouble.ts";
import { OtherSchemaError } from "../adapters/local/schema.ts";
import { JsonLines } from "../adapters/lists/formats/json-lines.ts";
import { LocalRun, type AddLine, type RunOptions } from "../local/run/local-run.ts";
import { foldersOf, type Folders } from "../local/folders.ts";
import { isStored } from "../local/run/outcome.ts";
import type { ToldResult } from "../local/run/results-file.ts";
import { FolderInUseError, StoppedByMachineError } from "../local/run/run-errors.ts";
import { CHOICES, USUAL_WEB } from "../local/settings.ts";
import { type Entry, GetError, type GetOptions, type InvalidEntry, type Result, type Summary } from "./api.ts";

export {
  type Entry,
  type EntryFields,
  GetError,
  type GetErrorCode,
  type GetOptions,
  type InvalidEntry,
  type Result,
  type Summary,
} from "./api.ts";

export { jobIdOf } from "../core/producer/check-job.ts";
export { InvalidJobError, type JobProblem, NotSentError } from "../core/producer/errors.ts";
export type { BatchAnswer, BatchEntry, Job, RefusedJob, SendBatch } from "../core/producer/job.ts";
export type { Sent } from "../core/producer/job-sender.ts";
export { Producer, type ProducerOptions } from "./producer.ts";

/** A URL, or entries, all at once or as they come. They are read to their end before the first file is fetched. */
export type Entries = string | Iterable<Entry> | AsyncIterable<Entry>;

/**
 * Fetches files into a directory. Files that are there from an earlier call are not fetched again.
 * @throws GetError, whose code says why; the signal's reason once it is aborted; RangeError if an option is not valid.
 */
export async function get(entries: Entries, options: GetOptions): Promise<Summary> {
  const { onInvalid = refuse, onResult, signal = new AbortController().signal } = options;
  const folders = foldersOf(resolve(options.out));
  const counts = { stored: 0, failed: 0, invalid: 0 };
  const onTold = (told: readonly ToldResult[]): void => {
    for (const each of told) {
      counts[isStored(each.result) ? "stored" : "failed"] += 1;
      onResult?.(resultOf(each, folders));
    }
  };
  const skip = (problem: InvalidEntry): void => {
    counts.invalid += 1;
    onInvalid(problem);
  };
  const chosen = runOptions(options);
  signal.throwIfAborted();
  try {
    proxiesOf(process.env);
    const run = await LocalRun.open({ ...chosen, onTold });
    try {
      run.startWorkers();
      await run.replaceList(async (add) => unlessAborted(signal, takeEntries(entries, add, skip, signal)));
      await run.lookAtEarlier(signal);
      await run.work(() => true, signal);
    } finally {
      await run.close();
    }
  } catch (error) {
    throw getError(error, folders.out);
  }
  signal.throwIfAborted();
  return counts;
}

/**
 * Fetches files like `get`, and yields their results as they end. They wait in memory until they are asked for. Leaving
 * the loop stops the work.
 */
export async function* getEach(
  entries: Entries,
  options: Omit<GetOptions, "onResult">,
): AsyncGenerator<Result, Summary> {
  const leaving = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, leaving.signal]) : leaving.signal;
  const feed = { results: [] as Result[], isOver: false, news: Promise.withResolvers<void>() };
  const onResult = (result: Result): void => {
    feed.results.push(result);
    feed.news.resolve();
  };
  const over = get(entries, { ...options, signal, onResult }).finally(() => {
    feed.isOver = true;
    feed.news.resolve();
  });
  // Thrown below, where the results have been yielded.
  over.catch(() => undefined);
  try {
    while (!feed.isOver || feed.results.length > 0) {
      if (feed.results.length === 0) await feed.news.promise;
      feed.news = Promise.withResolvers();
      yield* feed.results.splice(0);
    }
    return await over;
  } finally {
    leaving.abort();
    await over.catch(() => undefined);
  }
}

function runOptions({ out, names = "url", allowPrivateHosts = false, ...others }: GetOptions): RunOptions {
  const [, column] = /^column:(.+)$/s.exec(names) ?? [];
  if (names !== "url" && names !== "none" && column === undefined)
    throw new RangeError(`names must be "url", "none", or "column:" and a name, not ${JSON.stringify(names)}.`);
  const workers = chosenNumber("workers", others.workers);
  return {
    out: resolve(out),
    workers,
    slots: Math.max(workers, chosenNumber("jobs", others.jobs)),
    maxAttempts: chosenNumber("attempts", others.attempts),
    nameSource: column === undefined ? { kind: names === "none" ? "none" : "url" } : { kind: "column", column },
    web: { ...USUAL_WEB, allowPrivateHosts, secretsFile: others.secrets },
    rerun: {
      retryFailed: others.retryFailed ?? false,
      verify: others.verify ?? false,
      refresh: others.refresh ?? false,
    },
    gate: 100,
  };
}

function chosenNumber(name: keyof typeof CHOICES, chosen: number | undefined): number {
  const { most, usual } = CHOICES[name];
  const number = chosen ?? usual;
  if (Number.isInteger(number) && number >= 1 && number <= most) return number;
  throw new RangeError(`${name} must be a whole number from 1 to ${most}, not ${String(chosen)}.`);
}

/** An entry is what a line of a JSON list is, and is read like one. */
async function takeEntries(
  entries: Entries,
  add: AddLine,
  skip: (problem: InvalidEntry) => void,
  signal: AbortSignal,
): Promise<void> {
  const reader = new JsonLines({});
  let index = 0;
  for await (const entry of typeof entries === "string" ? [entries] : entries) {
    signal.throwIfAborted();
    for (const item of reader.read({ line: index + 1, text: jsonOf(entry) })) {
      const conflict = "reason" in item ? undefined : add(item);
      if ("reason" in item)
        skip({ index, ...(item.field !== undefined && { field: item.field }), reason: item.reason });
      else if (conflict)
        skip({ index, field: "sha256", reason: `entry ${conflict.earlierLine - 1} has another one for the same URL` });
    }
    index += 1;
  }
}

/** The reader says what is wrong with text that is not JSON. */
const NOT_JSON = "?";

function jsonOf(entry: unknown): string {
  try {
    return JSON.stringify(entry) ?? NOT_JSON;
  } catch {
    return NOT_JSON;
  }
}

function refuse({ index, field, reason }: InvalidEntry): never {
  const where = field === undefined ? `Entry ${index}` : `Entry ${index}, ${field}`;
  throw new GetError("invalid_entry", `${where}: ${reason}. Nothing was fetched.`);
}

function resultOf({ result, metadata = {} }: ToldResult, { content, files }: Folders): Result {
  const { key, path } = result;
  const file = path === null ? key && join(content, key) : join(files, path);
  return { ...result, file, metadata };
}

/** Settles like the promise, or fails with the signal's reason once it is aborted. */
async function unlessAborted(signal: AbortSignal, promise: Promise<void>): Promise<void> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function getError(error: unknown, out: string): unknown {
  const because = { cause: error };
  if (error instanceof FolderInUseError)
    return new GetError("folder_in_use", `Another run is working in ${out}. Wait for it to end, or stop it.`, because);
  if (error instanceof OtherSchemaError)
    return new GetError("other_release", `${out} was written by another release of fetchonce.`, because);
  if (error instanceof StoppedByMachineError || error instanceof ProxySettingError)
    return new GetError("machine", error.message, because);
  if (error instanceof MachineTroubleError) return new GetError("machine", error.sentence, because);
  return error;
}
