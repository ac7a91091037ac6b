import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import { UsageError } from "../terminal/usage-error.ts";
import { UnusableListError } from "../../core/ports/lists.ts";
import { fileBytes } from "../../adapters/lists/random-bytes.ts";
import type { InputItem, InputOptions } from "../../core/ports/list-items.ts";
import { entryOf } from "../../adapters/lists/formats/line-reader.ts";
import { listItems } from "../../adapters/lists/list-items.ts";
import { cannotRead, sourceOf, type ListSource } from "./sources.ts";

export { describeProblem } from "../../core/lists/describe-problem.ts";
export type {
  InputEntry,
  InputItem,
  InputOptions,
  InputProblem,
  ListFormat,
  MetadataValue,
} from "../../core/ports/list-items.ts";
export { RESULT_FIELDS } from "../../adapters/lists/entry/fields.ts";
export { nameOf } from "./sources.ts";

/**
 * Reads URLs, or a list, in its order and in bounded memory. The first entry of standard input comes with its first
 * line. Destroying `stdin` ends the reading at once and quietly.
 * @throws UsageError if nothing of the sources can be read, or if the list is empty.
 */
export async function* readInput(
  sources: readonly string[],
  options: InputOptions,
  stdin: Readable,
): AsyncGenerator<InputItem> {
  const source = await sourceOf(sources, options);
  if ("urls" in source) {
    for (const [index, url] of source.urls.entries()) {
      yield* entryOf({ line: index + 1, place: "argument", text: url }, { url });
    }
    return;
  }
  for await (const items of readList(source, options, stdin)) for (const item of items) yield item;
}

/** The items of a list, as many at a time as come in. @throws UsageError as `readInput`. */
export async function* readList(
  source: ListSource,
  options: InputOptions,
  stdin: Readable,
): AsyncGenerator<readonly InputItem[]> {
  const { isFile, path, name } = source;
  const stream = path === undefined ? stdin : createReadStream(path);
  const open = path !== undefined && isFile ? async () => fileBytes(path) : undefined;
  let count = 0;
  try {
    for await (const items of listItems({ name, stream, open }, options)) {
      count += items.length;
      yield items;
    }
  } catch (error) {
    if (stream === stdin && stdin.destroyed && !stdin.readableEnded && stdin.errored === null) return;
    throw error instanceof UnusableListError
      ? new UsageError(error.message, { cause: error })
      : cannotRead(name, error);
  } finally {
    stream.destroy();
  }
  if (count === 0) throw new UsageError(`The list ${name} is empty. It must name at least one URL.`);
}
