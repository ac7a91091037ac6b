import { describe, expect, it } from "vitest";
import { describeProblem } from "../../../../cli/input/read-input.ts";
import { shown } from "../../../../core/lists/describe-problem.ts";

const ESC = "\u001B";

describe("a problem in words", () => {
  it("has its list, line and field, the reason, and below it the line", () => {
    const problem = { line: 7, field: "sha256", reason: "not 64 hexadecimal digits", text: "https://example.org/,x" };
    expect(describeProblem("urls.csv", problem)).toBe(
      "urls.csv, line 7, sha256: not 64 hexadecimal digits\n    https://example.org/,x",
    );
  });

  it("says row or argument where it is one", () => {
    expect(describeProblem("a.parquet", { line: 2, place: "row", reason: "x" })).toBe("a.parquet, row 2: x");
    expect(describeProblem("", { line: 2, place: "argument", field: "url", reason: "x" })).toBe("argument 2, url: x");
  });

  it("holds nothing that a terminal obeys", () => {
    expect(describeProblem(`${ESC}[2J`, { line: 1, field: `${ESC}[2J`, reason: `\r${ESC}[2J` })).toBe(
      "\\u{001B}[2J, line 1, \\u{001B}[2J: \\r\\u{001B}[2J",
    );
  });
});

describe("the line of a problem", () => {
  it.each([
    ["is cut after 200 characters", "x".repeat(201), `${"x".repeat(197)}...`],
    ["is whole if it has 200", "x".repeat(200), "x".repeat(200)],
    ["has its control characters escaped", `a\tb\r\n${ESC}\u0000`, "a\\tb\\r\\n\\u{001B}\\u{0000}"],
    ["has its invisible characters escaped", "a\u200B\u202E\u{E0041}\uD800", "a\\u{200B}\\u{202E}\\u{E0041}\\u{D800}"],
    ["has no password", "x,https://me:p@ss@example.org/a@b", "x,https://***@example.org/a@b"],
    ["keeps letters of all languages", "\u00FC\u4E2D\u{1F600}", "\u00FC\u4E2D\u{1F600}"],
  ])("%s", (_, text, expected) => {
    expect(shown(text)).toBe(expected);
  });
});
