import { UnusableListError } from "../../../core/ports/lists.ts";
import type { InputItem, InputOptions, InputProblem } from "../../../core/ports/list-items.ts";
import { entryOf, type LineReader } from "./line-reader.ts";
import { formatOfLine } from "./list-format.ts";
import type { TextLine } from "../bytes/text-lines.ts";

/** One URL on each line. A line that starts with # is a comment. */
export class UrlLines implements LineReader {
  /** Until a URL has come, unless the user said what the list is. */
  #mayBeOther: boolean;
  readonly #after: number;

  constructor({ after = 0, format, urlColumn }: InputOptions) {
    if (urlColumn !== undefined) {
      throw new UnusableListError(
        `--url-column ${urlColumn} names a column, but the list has one URL on each line. ` +
          "Leave the option out, or say what the list is with --format.",
      );
    }
    this.#after = after;
    this.#mayBeOther = format === undefined && after === 0;
  }

  read(line: TextLine): readonly InputItem[] {
    if (line.line <= this.#after) return [];
    const url = line.text.trim();
    if (url === "" || url.startsWith("#")) return [];
    const items = entryOf(line, { url });
    const [problem] = this.#mayBeOther ? items : [];
    this.#mayBeOther = false;
    return problem !== undefined && "reason" in problem ? [withQuestion(problem, formatOfLine(url))] : items;
  }
}

/** A first line that looks like another format ends the list: read as URLs, its other lines may pass, and be wrong. */
function withQuestion(problem: InputProblem, format: string): InputProblem {
  if (format === "txt") return problem;
  const question = `Is the list ${format}? Say so with --format ${format}, or else with --format txt`;
  return { ...problem, reason: `${problem.reason}. ${question}`, endsList: true };
}
