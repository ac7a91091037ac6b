import zlib from "node:zlib";
import { describe, expect, it } from "vitest";
import type { ListFormat } from "../../../../cli/input/read-input.ts";
import { CR, latin1, URL_1, type BadList } from "./bad-support.ts";
import { listsOfTests, urlOf } from "./support.ts";

const lists = listsOfTests();

describe("a list of URLs", () => {
  it.each<BadList>([
    [
      "in UTF-16",
      "l.txt",
      Buffer.from(`\uFEFF${URL_1}`, "utf16le"),
      ["l.txt, line 1: UTF-16, not UTF-8; convert it with: iconv -f UTF-16 -t UTF-8 LIST > NEW"],
    ],
    [
      "in UTF-16 without a byte order mark",
      "l.txt",
      Buffer.from(URL_1, "utf16le"),
      ["l.txt, line 1: not text: it holds NUL bytes; if it is UTF-16, convert it to UTF-8 with iconv"],
    ],
    [
      "in Latin-1",
      "l.txt",
      latin1(`${URL_1}\n${URL_1}\u00FC\u00E4\n${URL_1}`),
      [
        "l.txt, line 2: not UTF-8: the byte FC follows character 21. If the list is in Latin-1, convert it with: iconv -f WINDOWS-1252 -t UTF-8 LIST > NEW",
      ],
    ],
    [
      "cut off within a character",
      "l.txt",
      Buffer.from(`${URL_1}\n\u00FC`).subarray(0, -1),
      [
        "l.txt, line 2: not UTF-8: the byte C3 follows character 0. If the list is in Latin-1, convert it with: iconv -f WINDOWS-1252 -t UTF-8 LIST > NEW",
      ],
    ],
    ["of a classic Mac", "l.txt", `${URL_1}\r${URL_1}\r`, [`l.txt, line 1, url: ${CR}`]],
    [
      "of a classic Mac, when it is long",
      "l.txt",
      `${URL_1}\r`.repeat(60_000),
      [`l.txt, line 1: ${CR}. The rest of the list was not read`],
    ],
    [
      "without line ends",
      "l.txt",
      "x".repeat(1_200_000),
      ["l.txt, line 1: longer than 1 MiB; write one URL or one record on each line. The rest of the list was not read"],
    ],
    [
      "that is CSV",
      "l.txt",
      `url,sha256\n${URL_1},x\n`,
      [
        "l.txt, line 1, url: not an absolute URL; write the whole of it, such as https://example.org/file. Is the list csv? Say so with --format csv, or else with --format txt",
      ],
    ],
    [
      "that is CSV, if the user says that it is not",
      "l.txt",
      `url,sha256\n${URL_1}\n`,
      ["l.txt, line 1, url: not an absolute URL; write the whole of it, such as https://example.org/file"],
      { format: "txt" },
    ],
    [
      "that is JSON lines",
      "l.txt",
      `{"url":"${URL_1}"}\n`,
      [
        "l.txt, line 1, url: not an absolute URL; write https://example.org/1. Is the list jsonl? Say so with --format jsonl, or else with --format txt",
      ],
    ],
    [
      "that is an Excel workbook",
      "l.xlsx",
      "PK\u0003\u0004",
      ["l.xlsx, line 1: a ZIP archive or an Excel workbook, not a list; unpack it, or save the sheet as CSV UTF-8"],
    ],
    [
      "that is packed with bzip2",
      "l.bz2",
      "BZh91AY",
      ["l.bz2, line 1: packed with bzip2, which cannot be read; unpack it: bzip2 -dc LIST | fetchonce get -"],
    ],
    [
      "that is packed with xz",
      "l.xz",
      latin1("\xFD7zXZ\0"),
      ["l.xz, line 1: packed with xz, which cannot be read; unpack it: xz -dc LIST | fetchonce get -"],
    ],
    [
      "that is a PDF",
      "l",
      "%PDF-1.7\n",
      ["l, line 1: a PDF, not a list; write the URLs into a text file, one on each line"],
    ],
    [
      "that is not Parquet",
      "l.parquet",
      URL_1,
      [
        "l.parquet, line 1: not Parquet: it does not start with PAR1; say what it is with --format, or write the list again",
      ],
    ],
    [
      "of gzip that is cut off",
      "l.gz",
      zlib.gzipSync(URL_1).subarray(0, -9),
      [
        "l.gz, line 1: the gzip data ends too early or is damaged (unexpected end of file); fetch the list again. The rest of it was not read",
      ],
    ],
    [
      "of gzip that is cut off after its header",
      "l.gz",
      zlib.gzipSync(URL_1).subarray(0, 10),
      [
        "l.gz, line 1: the gzip data ends too early or is damaged (unexpected end of file); fetch the list again. The rest of it was not read",
      ],
    ],
    [
      "of zstd that is cut off",
      "l.zst",
      zlib.zstdCompressSync(URL_1).subarray(0, -1),
      [
        "l.zst, line 1: the zstd data ends too early or is damaged (unexpected end of file); fetch the list again. The rest of it was not read",
      ],
    ],
    [
      "of zstd with something behind it",
      "l.zst",
      Buffer.concat([zlib.zstdCompressSync(URL_1), Buffer.from("rest")]),
      [
        "l.zst, line 1: the zstd data ends too early or is damaged (Unknown frame descriptor); fetch the list again. The rest of it was not read",
      ],
    ],
  ])("%s is refused", async (_, name, content, said, options) => {
    expect((await lists.read(name, content, options)).said).toEqual(said);
  });

  it.each<[format: ListFormat, text: string]>([
    ["csv", `url,note\n${URL_1},x\n`],
    ["jsonl", `{"url":"${URL_1}"}\n`],
  ])("that looks like %s ends with its first line: no other line is taken for a URL", async (_, text) => {
    const { entries, problems } = await lists.read("l.txt", text);
    expect(entries).toEqual([]);
    expect(problems).toMatchObject([{ line: 1, endsList: true }]);
  });

  it("that is cut off gives no entry for the line that is not whole", async () => {
    const text = Array.from({ length: 30_000 }, (_, n) => `${urlOf(n)}\n`).join("");
    const packed = zlib.gzipSync(text);
    const { entries, problems } = await lists.read("l.gz", packed.subarray(0, packed.length / 2));
    expect(entries.length).toBeGreaterThan(1000);
    expect(entries.map((entry) => entry.message.url)).toEqual(entries.map((_, n) => urlOf(n)));
    expect(problems).toMatchObject([{ line: entries.length + 1, endsList: true }]);
  });
});

describe("a line that is not valid", () => {
  it("is left out, and the others are kept", async () => {
    const { entries, problems } = await lists.read("l.txt", `${urlOf(1)}\nx\n${urlOf(3)}\ny\n${urlOf(5)}`);
    expect(entries.map(({ line }) => line)).toEqual([1, 3, 5]);
    expect(problems.map(({ line, endsList }) => [line, endsList])).toEqual([
      [2, undefined],
      [4, undefined],
    ]);
  });
});
