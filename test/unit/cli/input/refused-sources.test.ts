import { symlink } from "node:fs/promises";
import { Readable } from "node:stream";
import zlib from "node:zlib";
import { describe, expect, it } from "vitest";
import { readInput } from "../../../../cli/input/read-input.ts";
import { URL_1 } from "./bad-support.ts";
import { listsOfTests, readStdin } from "./support.ts";

const lists = listsOfTests();

describe("a list is refused as a whole", () => {
  it.each<[what: string, name: string, content: string | Uint8Array]>([
    ["if it is empty", "l.txt", ""],
    ["if it has blank lines and comments alone", "l.txt", "\n# nothing\n \n"],
    ["if it has a header alone", "l.csv", "url,note\n,\n"],
    ["if it is JSON lines without a line", "l.jsonl", "\n\n"],
    ["if it is empty and has no extension", "list", "\uFEFF\n"],
    ["if it is empty gzip", "l.gz", zlib.gzipSync("")],
    ["if it is called Parquet and is empty", "l.parquet", ""],
  ])("%s", async (_, name, content) => {
    await expect(lists.read(name, content)).rejects.toThrow(/The list .* is empty\. It must name at least one URL\./);
  });

  it("if standard input is empty", async () => {
    await expect(readStdin([])).rejects.toThrow("The list standard input is empty. It must name at least one URL.");
  });

  it("if a column is chosen and it has none", async () => {
    await expect(lists.read("l.txt", URL_1, { urlColumn: "image" })).rejects.toThrow(
      "--url-column image names a column, but the list has one URL on each line. Leave the option out, or say what the list is with --format.",
    );
  });
});

describe("sources are refused", () => {
  const sources = (...given: readonly string[]): Promise<unknown> => readInput(given, {}, Readable.from([])).next();

  it.each<[what: string, sources: readonly string[], said: string]>([
    ["if there are none", [], "Nothing to get. Write URLs, the path of a list, or - for a list on standard input."],
    [
      "if one is neither a URL nor a file",
      [URL_1, "absent.csv"],
      "absent.csv is neither a URL nor a file. Write the whole URL, such as https://example.org/file, or the path of a list that exists.",
    ],
    [
      "if one is a URL without its scheme",
      ["example.org/a"],
      "example.org/a is neither a URL nor a file. Write the whole URL, such as https://example.org/a, or the path of a list that exists.",
    ],
    [
      "if one is too long for a path",
      ["x".repeat(5000)],
      `${"x".repeat(197)}... is neither a URL nor a file. Write the whole URL, such as https://example.org/file, or the path of a list that exists.`,
    ],
    ["if one is a folder", ["/"], "/ is a folder. Give the path of a list, or URLs."],
    [
      "if they are URLs and a list",
      [URL_1, "-"],
      "Give URLs or a list, not both: standard input is a list. Write the URLs into it, or run fetchonce twice.",
    ],
    [
      "if they are two lists",
      ["-", "/dev/null"],
      "Give one list at a time, not 2: standard input, /dev/null. Run fetchonce once for each.",
    ],
  ])("%s", async (_, given, said) => {
    await expect(sources(...given)).rejects.toThrow(said);
  });

  it("if an option for lists comes with URLs", async () => {
    await expect(readInput([URL_1], { format: "csv" }, Readable.from([])).next()).rejects.toThrow(
      "--url-column and --format say how to read a list, but URLs were given. Leave the options out.",
    );
  });

  it("if the list cannot be read", async () => {
    const loop = `${lists.folder}/loop`;
    await symlink(loop, loop);
    await expect(sources(loop)).rejects.toThrow(`Cannot read the list ${loop}: too many symbolic links encountered.`);
  });
});
