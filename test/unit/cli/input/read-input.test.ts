import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { nameOf, readInput, type InputOptions, type MetadataValue } from "../../../../cli/input/read-input.ts";
import { collected, DIGEST, listsOfTests, urlOf } from "./support.ts";

const lists = listsOfTests();

const message = (n: number, more: object = {}) => ({
  work_id: "w",
  artifact_id: `a${n}`,
  url: urlOf(n),
  ...more,
});
const TABLE = `work_id,artifact_id,url,sha256\nw,a1,${urlOf(1)},\nw,a2,${urlOf(2)},${DIGEST}\n`;
const JSON_LINES = [message(1), message(2, { sha256: DIGEST })].map((line) => JSON.stringify(line)).join("\n");
const MESSAGES = [message(1), message(2, { sha256: DIGEST })];

describe("a list with ids", () => {
  it.each<[what: string, name: string, text: string, options?: InputOptions]>([
    ["CSV", "l.csv", TABLE],
    ["CSV without a final line end", "l.csv", TABLE.trimEnd()],
    ["CSV with CRLF, a byte order mark and blank lines", "l.csv", `\uFEFF${TABLE.replaceAll("\n", "\r\n\r\n")}`],
    ["CSV with a byte order mark and every value in quotes", "l.csv", `\uFEFF${TABLE.replaceAll(/[^,\n]+/g, '"$&"')}`],
    ["CSV with every value in quotes", "l.csv", TABLE.replaceAll(/[^,\n]+/g, '"$&"')],
    ["CSV with blanks around the values", "l.csv", TABLE.replaceAll(/[^,\n]+/g, ' "$&"  ')],
    ["CSV with semicolons", "l.csv", TABLE.replaceAll(",", ";")],
    ["CSV with vertical bars", "l.csv", TABLE.replaceAll(",", "|")],
    ["CSV with tabs", "l.csv", TABLE.replaceAll(",", "\t")],
    ["CSV as Excel writes it, with the delimiter in the first line", "l.csv", `sep=;\r\n${TABLE.replaceAll(",", ";")}`],
    ["CSV that ends in rows without values", "l.csv", `${TABLE},,,\n" ",,,\n`],
    ["CSV with the names in capitals", "l.csv", TABLE.replace(/.*/, (header) => header.toUpperCase())],
    ["CSV with a URL column called link", "l.csv", TABLE.replace("url", "Link")],
    ["CSV with a URL column called href", "l.csv", TABLE.replace("url", "href")],
    ["CSV with a URL column called uri", "l.csv", TABLE.replace("url", "URI")],
    ["CSV with a URL column of the user's choice", "l.csv", TABLE.replace("url", "Image"), { urlColumn: "Image" }],
    ["CSV with a URL column chosen in another case", "l.csv", TABLE.replace("url", "Image"), { urlColumn: "image" }],
    ["TSV", "l.tsv", TABLE.replaceAll(",", "\t")],
    ["JSON lines", "l.jsonl", JSON_LINES],
    ["JSON lines called ndjson", "L.NDJSON", JSON_LINES],
    [
      "JSON lines with CRLF, a byte order mark and blanks",
      "l.jsonl",
      `\uFEFF ${JSON_LINES.replace("\n", " \r\n\r\n")}\n`,
    ],
    [
      "JSON lines with the names in capitals",
      "l.jsonl",
      JSON_LINES.replaceAll(/"\w+":/g, (name) => name.toUpperCase()),
    ],
    [
      "JSON lines with a field of the user's choice",
      "l.jsonl",
      JSON_LINES.replaceAll('"url"', '"u"'),
      { urlColumn: "u" },
    ],
    ["a file without an extension that holds CSV", "list", TABLE],
    ["a file without an extension that holds TSV", "list", TABLE.replaceAll(",", "\t")],
    ["a file without an extension that holds JSON lines", "list", `\n\n${JSON_LINES}`],
    ["a file whose extension tells nothing", "list.backup", JSON_LINES],
    ["a file whose extension misleads, if the format is given", "l.txt", TABLE, { format: "csv" }],
  ])("is read from %s", async (_, name, text, options) => {
    const { entries, said } = await lists.read(name, text, options);
    expect(said).toEqual([]);
    expect(entries.map((entry) => entry.message)).toEqual(MESSAGES);
    expect(entries.map(({ metadata }) => metadata)).toEqual([undefined, undefined]);
  });
});

describe("a list of URLs", () => {
  const URLS = [urlOf(1), urlOf(2)];
  it.each<[what: string, name: string, text: string]>([
    ["text", "l.txt", URLS.join("\n")],
    [
      "text with comments, blank lines, CRLF and blanks",
      "l.txt",
      `\uFEFF# mine\r\n\r\n\t${URLS.join(" \r\n\u00A0")}\r\n`,
    ],
    ["text without an extension", "list", `\n# mine\n${URLS.join("\n")}`],
    ["CSV that has no header and one column", "l.csv", URLS.join("\r\n")],
    ["CSV that has no header and one column in quotes", "l.csv", URLS.map((url) => `"${url}"`).join("\n")],
    ["CSV with one column", "l.csv", `URL\n${URLS.join("\n")}`],
    ["JSON strings", "l.jsonl", URLS.map((url) => JSON.stringify(url)).join("\n")],
    ["JSON strings without an extension", "list", URLS.map((url) => JSON.stringify(url)).join("\n")],
    [
      "JSON objects with null for what is not known",
      "l.jsonl",
      URLS.map((url) => JSON.stringify({ url, sha256: null, work_id: null })).join("\n"),
    ],
  ])("is read from %s", async (_, name, text) => {
    const { entries, said } = await lists.read(name, text);
    expect(said).toEqual([]);
    expect(entries.map((entry) => entry.message.url)).toEqual(URLS);
  });

  it("is read from the arguments, which are numbered", async () => {
    const items = await collected(readInput([urlOf(1), ` ${urlOf(2)}`, "ftp://example.org/3"], {}, Readable.from([])));
    expect(items).toMatchObject([
      { line: 1, message: { url: urlOf(1) } },
      { line: 2, message: { url: urlOf(2) } },
      { line: 3, place: "argument", field: "url" },
    ]);
  });

  it("may have commas in the URLs of a table's only column", async () => {
    const { entries } = await lists.read("l.csv", "url\nhttps://example.org/a,b\n");
    expect(entries[0]?.message.url).toBe("https://example.org/a,b");
  });

  it("keeps a repeated URL", async () => {
    const { entries } = await lists.read("l.txt", `${urlOf(1)}\n${urlOf(1)}\n`);
    expect(entries.map(({ line }) => line)).toEqual([1, 2]);
  });
});

describe("what is the user's own", () => {
  it("is carried through from the columns of a table, as text", async () => {
    const { entries } = await lists.read("l.csv", `Note;url;size in cm;\u00FC\n"a; ""b""\nc";${urlOf(1)};7;\n`);
    expect(entries[0]?.metadata).toEqual({ Note: 'a; "b"\nc', "size in cm": "7", ü: "" });
  });

  it("is carried through from the metadata of a JSON line, as it is", async () => {
    const tags: MetadataValue = ["a", null, { deep: true }];
    const metadata = { note: "n", size: 7, tags, sha_256: "mine" };
    const { entries } = await lists.read("l.jsonl", JSON.stringify({ url: urlOf(1), metadata }));
    expect(entries[0]?.metadata).toEqual(metadata);
  });

  it("may have another delimiter in its columns' names", async () => {
    const { entries } = await lists.read("l.csv", `url;name, first, and last\n${urlOf(1)};A\n`);
    expect(entries[0]?.metadata).toEqual({ "name, first, and last": "A" });
  });

  it("may be a column that could have held the URL, if another one does", async () => {
    const { entries } = await lists.read("l.csv", `url,link\n${urlOf(1)},${urlOf(2)}\n`);
    expect(entries[0]).toMatchObject({ message: { url: urlOf(1) }, metadata: { link: urlOf(2) } });
  });
});

describe("the line of an entry", () => {
  it("is the first of a record that spans several", async () => {
    const { entries } = await lists.read("l.csv", `url,note\n\n${urlOf(1)},"a\n\nb"\n${urlOf(2)},c\n`);
    expect(entries.map(({ line }) => line)).toEqual([3, 6]);
  });

  it("counts blank lines and comments", async () => {
    const { entries } = await lists.read("l.txt", `# a\n\n${urlOf(1)}\n\n${urlOf(2)}`);
    expect(entries.map(({ line }) => line)).toEqual([3, 5]);
  });

  it("counts the byte order mark's line as the first", async () => {
    const { entries } = await lists.read("l.csv", `\uFEFFurl\n${urlOf(1)}`);
    expect(entries.map(({ line }) => line)).toEqual([2]);
  });
});

it("problems call a list by its path, and standard input by its name", () => {
  expect([nameOf(["a/b.csv"]), nameOf(["-"])]).toEqual(["a/b.csv", "standard input"]);
});
