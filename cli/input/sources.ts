import { stat } from "node:fs/promises";
import { getSystemErrorMessage } from "node:util";
import { UsageError } from "../terminal/usage-error.ts";
import { shown } from "../../core/lists/describe-problem.ts";
import type { InputOptions } from "../../core/ports/list-items.ts";
import { likelyUrl } from "../../adapters/lists/entry/check-url.ts";

const STANDARD_INPUT = "-";

export type Source = { readonly urls: readonly string[] } | ListSource;

export interface ListSource {
  readonly name: string;
  /** Undefined: standard input. */
  readonly path: string | undefined;
  /** Whether it can be read from any place, as pipes cannot. */
  readonly isFile: boolean;
}

const NO_SUCH_FILE: ReadonlySet<string | undefined> = new Set(["ENOENT", "ENOTDIR", "ENAMETOOLONG"]);

const isUrl = (source: string): boolean => /^\s*[a-z][a-z0-9+.-]*:\/\//i.test(source);

/** @throws UsageError unless the sources are URLs, or one list. */
export async function sourceOf(sources: readonly string[], options: InputOptions): Promise<Source> {
  if (sources.length === 0) {
    throw new UsageError("Nothing to get. Write URLs, the path of a list, or - for a list on standard input.");
  }
  const [list, ...others] = await Promise.all(sources.filter((source) => !isUrl(source)).map(listOf));
  if (list === undefined) return urlsOf(sources, options);
  if (others.length > 0) {
    const names = [list, ...others].map(({ name }) => name).join(", ");
    throw new UsageError(`Give one list at a time, not ${others.length + 1}: ${names}. Run fetchonce once for each.`);
  }
  if (sources.length === 1) return list;
  throw new UsageError(
    `Give URLs or a list, not both: ${list.name} is a list. Write the URLs into it, or run fetchonce twice.`,
  );
}

/** What problems call the sources: the path of the list, or "standard input". */
export const nameOf = (sources: readonly string[]): string =>
  sources[0] === STANDARD_INPUT ? "standard input" : (sources[0] ?? "");

function urlsOf(urls: readonly string[], { urlColumn, format }: InputOptions): Source {
  if (urlColumn === undefined && format === undefined) return { urls };
  throw new UsageError("--url-column and --format say how to read a list, but URLs were given. Leave the options out.");
}

async function listOf(source: string): Promise<ListSource> {
  if (source === STANDARD_INPUT) return { name: nameOf([source]), path: undefined, isFile: false };
  try {
    const status = await stat(source);
    if (!status.isDirectory()) return { name: source, path: source, isFile: status.isFile() };
  } catch (error) {
    throw unreadable(source, error);
  }
  throw new UsageError(`${source} is a folder. Give the path of a list, or URLs.`);
}

function unreadable(source: string, error: unknown): unknown {
  if (!isSystemError(error) || !NO_SUCH_FILE.has(error.code)) return cannotRead(source, error);
  const example = likelyUrl(source) ?? "https://example.org/file";
  return new UsageError(
    `${shown(source)} is neither a URL nor a file. Write the whole URL, such as ${example}, or the path of a list that exists.`,
    { cause: error },
  );
}

/** The UsageError for an error of the system; any other error as it is. */
export function cannotRead(name: string, error: unknown): unknown {
  if (!isSystemError(error)) return error;
  return new UsageError(`Cannot read the list ${name}: ${getSystemErrorMessage(error.errno)}.`, { cause: error });
}

const isSystemError = (error: unknown): error is NodeJS.ErrnoException & { errno: number } =>
  error instanceof Error && "errno" in error && typeof error.errno === "number";
