import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { folded, nameOfText, nameOfUrl, numbered, safePart } from "../../../../local/run/file-names.ts";

describe("the name of a URL's file", () => {
  it.each([
    ["https://example.org/a/b.txt", "example.org/a/b.txt"],
    ["https://example.org", "example.org/index"],
    ["https://example.org/dir/", "example.org/dir/index"],
    ["https://example.org:8443/a?b=c#d", "example.org_8443/a"],
    ["https://example.org/a%20b/%C3%A9.txt", "example.org/a b/é.txt"],
    ["https://example.org/a%2Fb", "example.org/a_b"],
    ["https://example.org/%2e%2e/x", "example.org/x"],
    ["https://example.org/..%2f..%2fetc", "example.org/.._.._etc"],
    ["https://example.org/%ff", "example.org/%ff"],
    ["https://example.org/con/aux.txt", "example.org/_con/_aux.txt"],
    ["https://example.org/end./x", "example.org/end_/x"],
    ["https://example.org/a:b*c?d", "example.org/a_b_c"],
  ])("%s is %s", (url, name) => {
    expect(nameOfUrl(url)).toBe(name);
  });

  it("stays below its folder and within what file systems take, whatever the URL", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("https://example.org/a", "http://example.org:81/?q=1#f"),
        fc.string({ unit: "binary", maxLength: 400 }),
        (url, path) => {
          const name = nameOfUrl(new URL(encodeURIComponent(path.toWellFormed()), url).href);
          const isSafe = (part: string): boolean => Buffer.byteLength(part) <= 220 && !/^\.{0,2}$/.test(part);
          expect(name.split("/").filter((part) => !isSafe(part))).toEqual([]);
        },
      ),
    );
  });
});

it("a URL with more folders than a path may have keeps its first ones, and its file's name", () => {
  const [one = "", other = ""] = ["x", "y"].map((last) =>
    nameOfUrl(`https://example.org/${"folder/".repeat(500)}${last}/file.pdf`),
  );
  expect(Buffer.byteLength(one)).toBeLessThanOrEqual(600);
  expect(one).toMatch(/^example\.org\/folder\/.*\/[0-9a-f]{8}\/file\.pdf$/);
  expect(one).not.toBe(other);
});

describe("a name that the user gives", () => {
  it.each([
    ["Annual report 2026.pdf", "Annual report 2026.pdf"],
    ["2026/q1/report.pdf", "2026/q1/report.pdf"],
    ["../../etc/passwd", "_/_/etc/passwd"],
    ["/absolute", "absolute"],
    ["100%25.txt", "100%25.txt"],
    [" . ", "_"],
    ["/", "index"],
  ])("%j becomes %j", (text, name) => {
    expect(nameOfText(text)).toBe(name);
  });
});

describe("names that clash", () => {
  it.each([
    ["a/report.pdf", 1, "a/report.pdf"],
    ["a/report.pdf", 2, "a/report-2.pdf"],
    ["a/archive.tar.gz", 3, "a/archive.tar-3.gz"],
    ["a.b/noextension", 2, "a.b/noextension-2"],
    ["a/.hidden", 2, "a/.hidden-2"],
  ])("%s with number %i is %s", (name, number, expected) => {
    expect(numbered(name, number)).toBe(expected);
  });

  it("are found on file systems that do not tell case or Unicode forms apart", () => {
    expect(folded("É.TXT")).toBe(folded("é.txt"));
  });

  it("keep two long names apart that begin alike", () => {
    const [a, b] = ["a", "b"].map((end) => safePart(`${"x".repeat(300)}${end}.pdf`));
    expect(a).not.toBe(b);
    expect(a).toMatch(/\.pdf$/);
  });
});
