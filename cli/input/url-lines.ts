import { UsageError } from "../terminal/usage-error.ts";
import type { InputItem, InputOptions } from "./entry.ts";
import { entryOf, type LineReader } from "./line-reader.ts";
import { formatOfLine } from "./list-format.ts";
import type { TextLine } from "./text-lines.ts";

/** One URL on each line. A line that starts with # is a comment. */
export class UrlLines implements LineReader {
  #isFirst = true;

  constructor({ urlColumn }: InputOptions) {
    if (urlColumn === undefined) return;
    throw new UsageError(
      `--url-column ${urlColumn} names a column, but the list has one URL on each line. ` +
        "Leave the option out, or say what the list is with --format.",
    );
  }

  read(line: TextLine): readonly InputItem[] {
    const url = line.text.trim();
    if (url === "" || url.startsWith("#")) return [];
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    const items = entryOf(line, { url });
    const [problem] = items;
    if (!isFirst || problem === undefined || !("reason" in problem)) return items;
    const format = formatOfLine(url);
    if (format === "txt") return items;
    return [{ ...problem, reason: `${problem.reason}. If the list is ${format}, say so with --format ${format}` }];
  }
}
