import { isUtf8 } from "node:buffer";
import { CLASSIC_MAC } from "../entry/check-url.ts";
import { DamagedListError } from "../entry/damaged-list-error.ts";
import { hexOf, shown } from "../../../core/lists/describe-problem.ts";
import type { InputProblem } from "../../../core/ports/list-items.ts";

/** A line without its end, or what stands for it: a row, an argument. */
export interface TextLine {
  readonly line: number;
  readonly place?: "row" | "argument";
  readonly text: string;
}

/** Bounds the memory that a list without line ends takes. */
export const MOST_LINE_BYTES = 1_048_576;

const LF = 0x0a;
const BYTE_ORDER_MARK = "\uFEFF";

/** The lines of UTF-8 text, as many at a time as came in. A line that is not UTF-8 becomes a problem. */
export async function* textLines(bytes: AsyncIterable<Buffer>): AsyncGenerator<readonly (TextLine | InputProblem)[]> {
  let start: Buffer[] = [];
  let startBytes = 0;
  let next = 1;
  try {
    for await (const chunk of bytes) {
      const end = chunk.lastIndexOf(LF);
      if (end >= 0) {
        const lines = linesOf(Buffer.concat([...start, chunk.subarray(0, end)]), next);
        start = [];
        startBytes = 0;
        next += lines.length;
        yield lines;
      }
      start.push(chunk.subarray(end + 1));
      startBytes += chunk.length - end - 1;
      if (startBytes > MOST_LINE_BYTES) {
        yield [endlessLine(Buffer.concat(start), next)];
        return;
      }
    }
  } catch (error) {
    if (!(error instanceof DamagedListError)) throw error;
    yield [{ line: next, reason: error.message, endsList: true }];
    return;
  }
  yield linesOf(Buffer.concat(start), next);
}

function linesOf(block: Buffer, first: number): readonly (TextLine | InputProblem)[] {
  if (!isUtf8(block)) return pieces(block).map((piece, index) => pieceLine(piece, first + index));
  return block
    .toString("utf8")
    .split("\n")
    .map((text, index) => textLine(text, first + index));
}

/** Takes away the CR of a CRLF, and the byte order mark of the first line. */
function textLine(text: string, line: number): TextLine {
  const start = line === 1 && text.startsWith(BYTE_ORDER_MARK) ? 1 : 0;
  return { line, text: text.slice(start, text.endsWith("\r") ? -1 : undefined) };
}

function pieces(block: Buffer): readonly Buffer[] {
  const found: Buffer[] = [];
  let start = 0;
  for (let end = block.indexOf(LF); end >= 0; end = block.indexOf(LF, start)) {
    found.push(block.subarray(start, end));
    start = end + 1;
  }
  return [...found, block.subarray(start)];
}

function pieceLine(piece: Buffer, line: number): TextLine | InputProblem {
  const text = piece.toString("utf8");
  if (isUtf8(piece)) return textLine(text, line);
  const before = text.slice(0, text.indexOf("\uFFFD"));
  const byte = String.fromCharCode(piece[Buffer.byteLength(before)] ?? 0);
  const reason =
    `not UTF-8: the byte ${hexOf(byte).slice(2)} follows character ${before.length}. ` +
    "If the list is in Latin-1, convert it with: iconv -f WINDOWS-1252 -t UTF-8 LIST > NEW";
  return { line, reason, text: shown(piece.toString("latin1")) };
}

function endlessLine(start: Buffer, line: number): InputProblem {
  const reason = start.includes("\r")
    ? `holds a carriage return (CR); ${CLASSIC_MAC}`
    : "longer than 1 MiB; write one URL or one record on each line";
  return {
    line,
    reason: `${reason}. The rest of the list was not read`,
    text: shown(start.toString("latin1", 0, 1000)),
    endsList: true,
  };
}
