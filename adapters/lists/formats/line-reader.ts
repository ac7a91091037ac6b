import type { RawMessage } from "../entry/check-message.ts";
import { checkMessage } from "../entry/check-message.ts";
import { shown } from "../../../core/lists/describe-problem.ts";
import type { InputItem, InputProblem, Metadata } from "../../../core/ports/list-items.ts";
import type { TextLine } from "../bytes/text-lines.ts";

/** Makes entries of lines, one after the other. */
export interface LineReader {
  read(line: TextLine): readonly InputItem[];
  /** Takes note of a line that could not be read. */
  skip?(problem: InputProblem): InputProblem;
  /** What is left when the last line has been read. */
  end?(): readonly InputItem[];
}

export function entryOf(line: TextLine, raw: RawMessage, metadata?: Metadata): readonly InputItem[] {
  const checked = checkMessage(raw);
  if ("url" in checked) return [{ line: line.line, message: checked, metadata }];
  return checked.map((problem) => problemOf(line, problem));
}

export const problemOf = (
  { line, place, text }: TextLine,
  problem: Pick<InputProblem, "reason" | "field" | "endsList">,
): InputProblem => ({ line, ...(place && { place }), ...problem, text: shown(text) });
