import { describe, expect, it } from "vitest";
import { lineSplitter } from "../../../local/shared/lines.ts";

describe("the line splitter", () => {
  it.each([
    { pieces: ["a\nb\n"], lines: ["a", "b"] },
    { pieces: ["a", "b\nc", "\n"], lines: ["ab", "c"] },
    { pieces: ["a\n\nb"], lines: ["a", "", "b"] },
    { pieces: [], lines: [] },
  ])("splits $pieces into $lines", ({ pieces, lines }) => {
    const seen: string[] = [];
    const splitter = lineSplitter((line) => seen.push(line));
    for (const piece of pieces) splitter.push(piece);
    splitter.end();
    expect(seen).toEqual(lines);
  });
});
