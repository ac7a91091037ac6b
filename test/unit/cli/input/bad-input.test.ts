/** What a person reads of each thing that can be wrong with a list. */
import { symlink } from "node:fs/promises";
import { Readable } from "node:stream";
import zlib from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readInput, RESULT_FIELDS, type InputOptions, type ListFormat } from "../../../../cli/input/read-input.ts";
import { DIGEST, Lists, readStdin, urlOf } from "./support.ts";

let lists: Lists;
beforeAll(async () => {
  lists = await Lists.create();
});
afterAll(async () => lists[Symbol.asyncDispose]());

type Case = [what: string, name: string, content: string | Uint8Array, said: readonly string[], options?: InputOptions];

const URL_1 = urlOf(1);
const CR =
  "holds a carriage return (CR); lines end with LF or CRLF. If CR alone ends the lines of the list, as on a classic " +
  "Mac, convert it with: tr '\\r' '\\n' < LIST > NEW";
const latin1 = (text: string): Uint8Array => Buffer.from(text, "latin1");

describe("a URL", () => {
  it.each<[what: string, url: string, reason: string]>([
    ["without a scheme", "example.org/2", "not an absolute URL; write https://example.org/2"],
    ["without a scheme, but with a port", "localhost:8080/2", "not an absolute URL; write https://localhost:8080/2"],
    ["that is relative to a scheme", "//example.org/2", "not an absolute URL; write https://example.org/2"],
    ["in angle brackets", "<https://example.org/2>", "not an absolute URL; write https://example.org/2"],
    ["in quotes", `'https://example.org/2',`, "not an absolute URL; write https://example.org/2"],
    ["in Markdown", "[two](https://example.org/2)", "not an absolute URL; write https://example.org/2"],
    ["in an item of a list", "- https://example.org/2.", "not an absolute URL; write https://example.org/2"],
    ["in HTML", '<a href="https://example.org/2">', "not an absolute URL; write https://example.org/2"],
    ["that is a path", "/data/2.csv", "not an absolute URL; write the whole of it, such as https://example.org/file"],
    [
      "that is a path of Windows",
      "C:\\data\\2",
      "not an absolute URL; write the whole of it, such as https://example.org/file",
    ],
    ["that is a word", "nowhere", "not an absolute URL; write the whole of it, such as https://example.org/file"],
    ["of FTP", "ftp://example.org/2", "only http and https are fetched, not ftp; write the file's https address"],
    ["of S3", "S3://bucket/2", "only http and https are fetched, not s3; write the file's https address"],
    ["of data", "data:text/plain,2", "only http and https are fetched, not data; write the file's https address"],
    ["of a file", "file:///data/2", "only http and https are fetched, not file; if it is a list, give its path"],
    ["without slashes", "https:example.org", "not a URL; write two slashes after the scheme, and then the host"],
    ["with three slashes", "https:///example.org", "not a URL; write two slashes after the scheme, and then the host"],
    ["with backslashes", "https:\\\\example.org", "not a URL; write two slashes after the scheme, and then the host"],
    ["without a host", "https://", "not a URL; write two slashes after the scheme, and then the host"],
    ["with a port that cannot be", "https://example.org:99999/", "not a valid URL; look at its host and its port"],
    ["with a host that cannot be", "https://exa^mple.org/", "not a valid URL; look at its host and its port"],
    ["with a blank", "https://example.org/a b", "holds a blank; write %20 for it, or one URL on each line"],
    [
      "with a tab",
      "https://example.org/a\thttps://example.org/b",
      "holds a blank; write %20 for it, or one URL on each line",
    ],
    [
      "with a no-break space",
      "https://example.org/a\u00A0b",
      "holds a blank; write %20 for it, or one URL on each line",
    ],
    ["with a carriage return", "https://example.org/a\rhttps://example.org/b", CR],
    [
      "with a control character",
      "https://example.org/\u001B[31m",
      "holds a character that cannot be seen (U+001B); remove it, or write %1B",
    ],
    [
      "with a NUL byte",
      "https://example.org/\0",
      "holds a character that cannot be seen (U+0000); remove it, or write %00",
    ],
    [
      "with a zero-width space",
      "https://example.org/\u200B",
      "holds a character that cannot be seen (U+200B); remove it, or write %E2%80%8B",
    ],
    [
      "with a mark that turns the direction",
      "https://example.org/\u202Egpj",
      "holds a character that cannot be seen (U+202E); remove it, or write %E2%80%AE",
    ],
    [
      "with a character that is lost",
      "https://example.org/caf\uFFFD",
      "holds a character that the program which wrote the list has lost (U+FFFD); write the list again, in UTF-8",
    ],
    [
      "with a user name and a password",
      "https://me:secret@example.org/",
      "holds a user name or a password, which would be stored and logged; take out what is before the @",
    ],
    [
      "with a user name",
      "https://me@example.org/",
      "holds a user name or a password, which would be stored and logged; take out what is before the @",
    ],
    [
      "that is glued to another",
      "https://example.org/1https://example.org/2",
      "two URLs on one line; write one on each line, or %3A for the second colon if they belong together",
    ],
    [
      "with another behind a comma",
      "https://example.org/1,http://example.org/2",
      "two URLs on one line; write one on each line, or %3A for the second colon if they belong together",
    ],
    [
      "that is too long",
      `https://example.org/${"x".repeat(4096)}`,
      "longer than 4096 characters; such a URL cannot be fetched",
    ],
  ])("%s is refused", async (_, url, reason) => {
    const { entries, said } = await readStdin([`${URL_1}\n`, `${url}\n`]);
    expect(said).toEqual([`standard input, line 2, url: ${reason}`]);
    expect(entries).toHaveLength(1);
  });

  it.each([
    "https://web.archive.org/web/2020id_/https://example.org/",
    "https://example.org/?from=a,https://example.org/",
    "https://example.org/#https://example.org/",
    "HTTPS://EXAMPLE.ORG/A",
    "http://[::1]:8080/",
    "http://127.0.0.1:9000/a%20b?c=d&e='f'",
    "https://b\u00FCcher.example/\u00FC|{}^`",
    "https://example.org/user@example.org",
    "https://example.org",
  ])("%s is accepted", async (url) => {
    expect((await readStdin([`${url}\n`])).entries.map((entry) => entry.message.url)).toEqual([url]);
  });
});

describe("a list of URLs", () => {
  it.each<Case>([
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

describe("a table", () => {
  const NO_URL = "no column is named url; rename the URL's column, or choose it with --url-column from these";
  const OWN = "If it is your own, give it a name that cannot be mistaken";
  it.each<Case>([
    ["without a URL column", "l.csv", "image,page\nx,y", [`l.csv, line 1, url: ${NO_URL}: "image", "page"`]],
    [
      "with two columns that may hold the URL",
      "l.csv",
      `link,uri\n${URL_1},x`,
      ['l.csv, line 1, url: both "link" and "uri" may hold it; choose one with --url-column'],
    ],
    [
      "without the column that the user chose",
      "l.csv",
      `url,note\n${URL_1},x`,
      ['l.csv, line 1, url: no column is named "image"; --url-column takes one of these: "url", "note"'],
      { urlColumn: "image" },
    ],
    [
      "with a column like sha256",
      "l.csv",
      `url,sha_256\n${URL_1},x`,
      [`l.csv, line 1, sha_256: unknown column; did you mean sha256? ${OWN}`],
    ],
    [
      "with several columns like ours",
      "l.csv",
      `SHA 256,sha-256,checksum_sha256,sah256,Work ID,workid,artifact,artefact_id,url\n`,
      [
        `l.csv, line 1, SHA 256: unknown column; did you mean sha256? ${OWN}`,
        `l.csv, line 1, sha-256: unknown column; did you mean sha256? ${OWN}`,
        `l.csv, line 1, checksum_sha256: unknown column; did you mean sha256? ${OWN}`,
        `l.csv, line 1, sah256: unknown column; did you mean sha256? ${OWN}`,
        `l.csv, line 1, Work ID: unknown column; did you mean work_id? ${OWN}`,
        `l.csv, line 1, workid: unknown column; did you mean work_id? ${OWN}`,
        `l.csv, line 1, artifact: unknown column; did you mean artifact_id? ${OWN}`,
        `l.csv, line 1, artefact_id: unknown column; did you mean artifact_id? ${OWN}`,
      ],
    ],
    [
      "with columns called like fields of the results",
      "l.csv",
      `url,State,bytes,job_id\n${URL_1},x,y,z`,
      [
        "l.csv, line 1, State: is the name of a field of the results; choose another",
        "l.csv, line 1, bytes: is the name of a field of the results; choose another",
        "l.csv, line 1, job_id: is the name of a field of the results; choose another",
      ],
    ],
    [
      "whose URL column is another than the one called url",
      "l.csv",
      `url,image\nx,${URL_1}`,
      ["l.csv, line 1, url: is the name of a field of the results; choose another"],
      { urlColumn: "image" },
    ],
    [
      "with a column twice",
      "l.csv",
      `url,note,URL,Note\n${URL_1},x,y,z`,
      [
        "l.csv, line 1, URL: two columns have this name; rename one of them",
        "l.csv, line 1, Note: two columns have this name; rename one of them",
      ],
    ],
    [
      "with a column without a name",
      "l.csv",
      `,url,\n0,${URL_1},`,
      [
        "l.csv, line 1, column 1: has no name; give it one, or leave it out",
        "l.csv, line 1, column 3: has no name; give it one, or leave it out",
      ],
    ],
    [
      "with a column that cannot be one",
      "l.csv",
      `url,__proto__\n${URL_1},x`,
      ["l.csv, line 1, __proto__: cannot be a name; choose another"],
    ],
    [
      "without a header",
      "l.csv",
      `x,${URL_1},${DIGEST}\n`,
      [
        "l.csv, line 1: names no columns, but holds a URL; write a line before it that names them, such as: column1,url,sha256",
      ],
    ],
    [
      "without a header, if a column was chosen",
      "l.csv",
      `${URL_1}\n`,
      ["l.csv, line 1: names no columns, but holds a URL; write a line before it that names them, such as: url"],
      { urlColumn: "image" },
    ],
    [
      "whose header spans lines",
      "l.csv",
      `url,"no\nte"\n`,
      ["l.csv, line 1: a quote is open at its end; write the names of the columns on one line"],
    ],
    [
      "whose header has text behind a quote",
      "l.csv",
      `url,"note"s,x\n`,
      ["l.csv, line 1: text follows the closing quote of value 2; a quote within a value is written twice"],
    ],
    [
      "that is JSON lines",
      "l.csv",
      `{"url":"${URL_1}"}\n`,
      ["l.csv, line 1: a JSON object in a list read as CSV; choose --format jsonl"],
    ],
    ["of a classic Mac", "l.csv", `url,note\r${URL_1},x\r`, [`l.csv, line 1: ${CR}`]],
    ["with a carriage return in a line", "l.csv", `url,note\n${URL_1},x\r${URL_1},y\n`, [`l.csv, line 2: ${CR}`]],
    [
      "whose header is in Latin-1",
      "l.csv",
      latin1(`url,gr\u00F6\u00DFe\n${URL_1},7\n`),
      [
        "l.csv, line 1: not UTF-8: the byte F6 follows character 6. If the list is in Latin-1, convert it with: iconv -f WINDOWS-1252 -t UTF-8 LIST > NEW",
      ],
    ],
    [
      "with a line in Latin-1 within quotes",
      "l.csv",
      latin1(`url,note\n${URL_1},"a\n\u00F6\n"\n${URL_1},b\n`),
      [
        "l.csv, line 3: not UTF-8: the byte F6 follows character 0. If the list is in Latin-1, convert it with: iconv -f WINDOWS-1252 -t UTF-8 LIST > NEW",
      ],
    ],
    [
      "with too many values",
      "l.csv",
      `url,note\n\n${URL_1},2,3`,
      ["l.csv, line 3: 3 values for 2 columns; a value with a comma must be in double quotes"],
    ],
    [
      "with too many values between semicolons",
      "l.csv",
      `url;note\n${URL_1};2;3`,
      ["l.csv, line 2: 3 values for 2 columns; a value with a semicolon must be in double quotes"],
    ],
    [
      "with too many values between tabs",
      "l.tsv",
      `url\tnote\n${URL_1}\t2\t3`,
      ["l.tsv, line 2: 3 values for 2 columns; a value with a tab must be in double quotes"],
    ],
    [
      "with too few values",
      "l.csv",
      `url,note\n${URL_1}`,
      ["l.csv, line 2: 1 value for 2 columns; write the others too, empty if there are none"],
    ],
    [
      "with text behind a quote",
      "l.csv",
      `url,note\n${URL_1},"x"y\n${URL_1},z`,
      ["l.csv, line 2: text follows the closing quote of value 2; a quote within a value is written twice"],
    ],
    [
      "with a quote that does not close",
      "l.csv",
      `url,note\n${URL_1},"x\n${URL_1},y`,
      ["l.csv, line 2: a quote opens in this record and does not close; close it. The rest of the list was not read"],
    ],
    [
      "with a quote that does not close soon",
      "l.csv",
      `url,note\n${URL_1},"x\n${`${URL_1},y\n`.repeat(50_000)}"`,
      ["l.csv, line 2: a quote opens in this record and does not close; close it. The rest of the list was not read"],
    ],
    [
      "with empty values",
      "l.csv",
      `work_id,artifact_id,url\n,a,${URL_1}\nw,,${URL_1}\nw,a,\n`,
      [
        "l.csv, line 2, work_id: empty; write an id, or leave work_id out, and it is made from the URL",
        "l.csv, line 3, artifact_id: empty; write an id, or leave artifact_id out, and it is made from the URL",
        "l.csv, line 4, url: empty; write the URL of the file",
      ],
    ],
    [
      "with an id that is too long",
      "l.csv",
      `work_id,url\n${"x".repeat(513)},${URL_1}`,
      ["l.csv, line 2, work_id: longer than 512 characters; write a shorter id"],
    ],
    [
      "with several values that are wrong",
      "l.csv",
      `url,sha256\nftp://example.org/,xyz`,
      [
        "l.csv, line 2, url: only http and https are fetched, not ftp; write the file's https address",
        "l.csv, line 2, sha256: not 64 hexadecimal digits; write the file's SHA-256, or leave it out",
      ],
    ],
  ])("%s is refused", async (_, name, content, said, options) => {
    expect((await lists.read(name, content, options)).said).toEqual(said);
  });

  const NOT_FOR_LISTS = RESULT_FIELDS.filter((field) => !["work_id", "artifact_id", "sha256"].includes(field));
  it.each(NOT_FOR_LISTS)("may not have a column of the user's own called %s", async (field) => {
    const { said } = await lists.read("l.csv", `${field},image\nx,${URL_1}`, { urlColumn: "image" });
    expect(said).toEqual([`l.csv, line 1, ${field}: is the name of a field of the results; choose another`]);
  });

  it.each([
    ["an MD5", "d41d8cd98f00b204e9800998ecf8427e", " but 32, which may be an MD5"],
    ["a SHA-1", "da39a3ee5e6b4b0d3255bfef95601890afd80709", " but 40, which may be a SHA-1"],
    ["a SHA-512", "ab".repeat(64), " but 128, which may be a SHA-512"],
    ["base64", Buffer.from(DIGEST, "hex").toString("base64"), " but base64"],
    ["one with its algorithm's name", `sha256:${DIGEST}`, " but with the algorithm's name before them"],
    ["one with a blank", `${DIGEST.slice(0, 32)} ${DIGEST.slice(32)}`, ""],
  ])("says of a digest what it may be: %s", async (_, sha256, hint) => {
    const { said } = await lists.read("l.csv", `url,sha256\n${URL_1},${sha256}`);
    expect(said).toEqual([
      `l.csv, line 2, sha256: not 64 hexadecimal digits${hint}; write the file's SHA-256, or leave it out`,
    ]);
  });
});

describe("a JSON line", () => {
  const INTO_METADATA = 'put it into metadata: {"metadata": {...}}';
  const EXAMPLE = 'such as {"url": "https://example.org/file"}';
  const withUrl = (more: object): string => JSON.stringify({ url: URL_1, ...more });
  const MISSING = "url: missing; write the URL of the file, or choose the field that holds it with --url-column";
  it.each<[what: string, line: string, said: readonly string[], options?: InputOptions]>([
    ["that is not JSON", "{oops}", [`: not JSON; write an object on each line, ${EXAMPLE}`]],
    ["in single quotes", "{'url': 'x'}", [`: not JSON; write an object on each line, ${EXAMPLE}`]],
    ["with a comma behind it", `${withUrl({})},`, [": not JSON: a comma follows the object; leave it out"]],
    ["that begins an array", "[", [": a JSON array; make lines of it with: jq -c '.[]' LIST > NEW.jsonl"]],
    [
      "that begins an object",
      "{",
      [": the line ends before the JSON object does; write each on one line: jq -c . LIST > NEW.jsonl"],
    ],
    [
      "that is a plain URL",
      URL_1,
      [": a plain URL in a list of JSON; write it in double quotes, or choose --format txt"],
    ],
    ["of a classic Mac", `${withUrl({})}\r${withUrl({})}`, [`: ${CR}`]],
    ["that is an array", "[1]", [`: not a JSON object; write one on each line, ${EXAMPLE}`]],
    ["that is null", "null", [`: not a JSON object; write one on each line, ${EXAMPLE}`]],
    ["that is a number", "7", [`: not a JSON object; write one on each line, ${EXAMPLE}`]],
    [
      "that is text, but no URL",
      '"x"',
      [", url: not an absolute URL; write the whole of it, such as https://example.org/file"],
    ],
    ["without fields", "{}", [`, ${MISSING}`]],
    [
      "without the field that the user chose",
      withUrl({}),
      [`, url: unknown field; if it is your own, ${INTO_METADATA}`, `, ${MISSING}`],
      { urlColumn: "image" },
    ],
    [
      "with values that are not text",
      JSON.stringify({ url: 1, work_id: 7, artifact_id: {}, sha256: [] }),
      [
        ", work_id: not text; write an id as text",
        ", artifact_id: not text; write an id as text",
        ", url: not text; write the URL of the file as text",
        ", sha256: not text; write 64 hexadecimal digits as text",
      ],
    ],
    ["whose URL is null", '{"url":null}', [", url: missing; write the URL of the file"]],
    [
      "with empty values",
      withUrl({ work_id: "", sha256: "" }),
      [
        ", work_id: empty; write an id, or leave work_id out, and it is made from the URL",
        ", sha256: not 64 hexadecimal digits but empty; write the file's SHA-256, or leave it out",
      ],
    ],
    [
      "with half a character",
      '{"url":"https://example.org/\\ud800","work_id":"\\udc00"}',
      [
        ", work_id: holds half a character (a lone surrogate); write the list again, in UTF-8",
        ", url: holds a character that the program which wrote the list has lost (U+FFFD); write the list again, in UTF-8",
      ],
    ],
    [
      "with a field like ours",
      withUrl({ sha_256: DIGEST, Work: "w" }),
      [
        `, sha_256: unknown field; did you mean sha256? If it is your own, ${INTO_METADATA}`,
        `, Work: unknown field; did you mean work_id? If it is your own, ${INTO_METADATA}`,
      ],
    ],
    [
      "with fields of the user's own",
      withUrl({ note: 1, tracked: true }),
      [
        `, note: unknown field; if it is your own, ${INTO_METADATA}`,
        `, tracked: unknown field; if it is your own, ${INTO_METADATA}`,
      ],
    ],
    ["with two URLs", withUrl({ Link: URL_1 }), [", Link: given twice; url has one value"]],
    [
      "with a field in two spellings",
      withUrl({ work_id: "a", WORK_ID: "b" }),
      [", WORK_ID: given twice; work_id has one value"],
    ],
    [
      "whose metadata is not an object",
      withUrl({ metadata: [1] }),
      [', metadata: not a JSON object; write one, such as {"note": "mine"}'],
    ],
    [
      "whose metadata has names that it may not have",
      '{"url":"https://example.org/1","metadata":{"":1,"State":2,"n":3,"N":4,"__proto__":5}}',
      [
        ", metadata.: has no name; give it one, or leave it out",
        ", metadata.State: is the name of a field of the results; choose another",
        ", metadata.N: given twice, but for upper and lower case; choose another name",
        ", metadata.__proto__: cannot be a name; choose another",
      ],
    ],
  ])("%s is refused", async (_, line, said, options) => {
    expect((await lists.read("l.jsonl", `\n${line}\n`, options)).said).toEqual(
      said.map((rest) => `l.jsonl, line 2${rest}`),
    );
  });

  it("that begins an array ends the list: its other lines are not read", async () => {
    const { problems } = await lists.read("list", `[\n${withUrl({})},\n${withUrl({})}\n]\n`);
    expect(problems).toMatchObject([{ line: 1, endsList: true }]);
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
