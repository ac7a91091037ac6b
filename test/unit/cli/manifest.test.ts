import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeProblems, readManifest, type Manifest } from "../../../cli/download/manifest.ts";

const DIGEST = "ab".repeat(32);
const STDIN = Readable.from([]);
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fetchonce-manifest-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function manifestOf(name: string, text: string): Promise<Manifest> {
  const path = join(folder, name);
  await writeFile(path, text);
  const manifest = await readManifest(path, STDIN);
  return { ...manifest, name };
}

const job = (n: number, more: object = {}) => ({
  work_id: "w",
  artifact_id: `a${n}`,
  url: `https://example.org/${n}`,
  ...more,
});

describe("a manifest", () => {
  const expected = [job(1), job(2, { sha256: DIGEST })];
  it.each([
    ["JSON lines", "m.jsonl", expected.map((line) => JSON.stringify(line)).join("\n")],
    [
      "JSON lines with a byte order mark, CRLF, blank lines and an unknown field",
      "m.jsonl",
      `\uFEFF${JSON.stringify({ ...job(1), x: 1 })}\r\n\r\n${JSON.stringify(job(2, { sha256: DIGEST.toUpperCase() }))}\r\n`,
    ],
    [
      "CSV",
      "m.csv",
      `work_id,artifact_id,url,sha256\nw,a1,https://example.org/1,\nw,a2,https://example.org/2,${DIGEST}\n`,
    ],
    [
      "CSV with the columns in another order, and an unknown column",
      "m.csv",
      `note,url,sha256,artifact_id,work_id\r\n"x, y",https://example.org/1,,a1,w\r\n\r\n,https://example.org/2,${DIGEST},a2, w \r\n`,
    ],
    ["a file whose extension is in capitals", "M.JSONL", expected.map((line) => JSON.stringify(line)).join("\n")],
  ])("is read from %s", async (_, name, text) => {
    const manifest = await manifestOf(name, text);
    expect(manifest.problems).toEqual([]);
    expect(manifest.messages).toEqual(expected);
  });

  it("is read from standard input", async () => {
    const { name, messages } = await readManifest("-", Readable.from([`${JSON.stringify(job(1))}\n`]));
    expect([name, messages]).toEqual(["standard input", [job(1)]]);
  });

  it("keeps a repeated line", async () => {
    const line = JSON.stringify(job(1));
    expect((await manifestOf("m.jsonl", `${line}\n${line}\n`)).messages).toEqual([job(1), job(1)]);
  });

  it("is read correctly if a character is split across two chunks of input", async () => {
    const bytes = Buffer.from(JSON.stringify(job(1, { work_id: "wörk" })));
    const middle = bytes.indexOf("ö") + 1;
    const { messages } = await readManifest("-", Readable.from([bytes.subarray(0, middle), bytes.subarray(middle)]));
    expect(messages[0]?.work_id).toBe("wörk");
  });

  it("cannot set `tracked`: the field is dropped", async () => {
    const { messages } = await manifestOf("m.jsonl", JSON.stringify(job(1, { tracked: true })));
    expect(messages).toEqual([job(1)]);
  });
});

describe("a list of URLs", () => {
  it("is read without blank lines and comments, and each URL gets its own ids", async () => {
    const text = "# mine\n\nhttps://Example.org:443/a\n  https://example.org/b#part  \nhttps://other.net:8080/a\n";
    const { messages } = await manifestOf("m.txt", text);
    expect(messages.map(({ work_id, url }) => [work_id, url])).toEqual([
      ["example.org", "https://Example.org:443/a"],
      ["example.org", "https://example.org/b#part"],
      ["other.net:8080", "https://other.net:8080/a"],
    ]);
    expect(new Set(messages.map(({ artifact_id }) => artifact_id)).size).toBe(3);
  });

  it("gives the same URL the same ids in every list and in every spelling", async () => {
    const [one] = (await manifestOf("m.txt", "https://example.org/a%7Eb")).messages;
    const [, two] = (await manifestOf("n.txt", "https://x.org/\nHTTPS://EXAMPLE.org/a~b#c")).messages;
    expect([two?.work_id, two?.artifact_id]).toEqual([one?.work_id, one?.artifact_id]);
    expect(one?.artifact_id).toMatch(/^[0-9a-f]{16}$/);
  });
});

describe("a bad manifest line", () => {
  const header = "work_id,artifact_id,url,sha256";
  const long = "x".repeat(513);
  it.each<[string, string, string, string[]]>([
    [
      "that is not JSON",
      "m.jsonl",
      `${JSON.stringify(job(1))}\n{oops`,
      ["m.jsonl, line 2: not JSON; each line must be one JSON object"],
    ],
    ["that is not an object", "m.jsonl", "[1]", ["m.jsonl, line 1: not a JSON object"]],
    [
      "without fields",
      "m.jsonl",
      "{}",
      ["m.jsonl, line 1, work_id: missing", "m.jsonl, line 1, artifact_id: missing", "m.jsonl, line 1, url: missing"],
    ],
    [
      "with a field that is not text",
      "m.jsonl",
      JSON.stringify(job(1, { work_id: 7 })),
      ["m.jsonl, line 1, work_id: not text"],
    ],
    ["with an empty field", "m.jsonl", JSON.stringify(job(1, { work_id: "" })), ["m.jsonl, line 1, work_id: empty"]],
    [
      "with a field that is too long",
      "m.jsonl",
      JSON.stringify(job(1, { artifact_id: long })),
      ["m.jsonl, line 1, artifact_id: longer than 512 characters"],
    ],
    [
      "with a relative URL",
      "m.jsonl",
      JSON.stringify(job(1, { url: "/a" })),
      ["m.jsonl, line 1, url: not an absolute URL"],
    ],
    [
      "with an invalid digest",
      "m.jsonl",
      JSON.stringify(job(1, { sha256: "abc" })),
      ["m.jsonl, line 1, sha256: not 64 hexadecimal digits"],
    ],
    [
      "with a second digest for the same job",
      "m.jsonl",
      ["a", "b"].map((digit) => JSON.stringify(job(1, { sha256: digit.repeat(64) }))).join("\n"),
      ["m.jsonl, line 2, sha256: line 1 has another digest for the same job"],
    ],
    [
      "that is a header without a required column",
      "m.csv",
      "work_id,URL\nw,https://example.org",
      ["m.csv, line 1, artifact_id: missing from the header line", "m.csv, line 1, url: missing from the header line"],
    ],
    [
      "that is a header with a column twice",
      "m.csv",
      `${header},url\nw,a,b,c,d`,
      ["m.csv, line 1, url: 2 columns have this name"],
    ],
    [
      "with an unquoted comma in the URL",
      "m.csv",
      `${header}\n\nw,a,https://example.org/1,2,`,
      ["m.csv, line 3: 5 values for 4 columns; a value with a comma must be in double quotes"],
    ],
    ["with an empty cell", "m.csv", `${header}\n,a,https://example.org/1,`, ["m.csv, line 2, work_id: empty"]],
    [
      "with an unclosed quote",
      "m.csv",
      `${header}\nw,a,"https://example.org/1,\n`,
      [
        "m.csv, line 2: Quote Not Closed: the parsing is finished with an opening quote at line 2; the rest of the file was not read",
      ],
    ],
    [
      "of a list that is not a URL",
      "m.txt",
      "https://example.org/1\n\nexample.org/2",
      ["m.txt, line 3, url: not an absolute URL"],
    ],
  ])("%s is reported with its place and reason", async (_, name, text, problems) => {
    expect(describeProblems(await manifestOf(name, text)).split("\n")).toEqual(problems);
  });

  it("is left out, and the other lines are kept", async () => {
    const { messages } = await manifestOf("m.jsonl", `${JSON.stringify(job(1))}\n{}\n${JSON.stringify(job(3))}`);
    expect(messages).toEqual([job(1), job(3)]);
  });

  it("is shown if it is one of the first twenty; the rest are counted", async () => {
    const shown = describeProblems(await manifestOf("m.txt", "nowhere\n".repeat(23))).split("\n");
    expect(shown).toHaveLength(21);
    expect(shown.at(-1)).toBe("and 3 more");
  });
});

describe("a manifest is refused if it", () => {
  it.each([
    ["is empty", "m.jsonl", "\n\n", "is empty. It must name at least one URL."],
    ["has only comments", "m.txt", "# nothing\n", "is empty. It must name at least one URL."],
    ["has only a header", "m.csv", "work_id,artifact_id,url\n", "is empty. It must name at least one URL."],
    ["has an unknown extension", "m.xlsx", "x", "Use .jsonl, .csv, .txt, or - for JSON lines on standard input"],
  ])("%s", async (_, name, text, reason) => {
    await expect(manifestOf(name, text)).rejects.toThrow(reason);
  });

  it.each([
    ["does not exist", "absent.csv", "absent.csv: no such file or directory."],
    ["is a folder", ".", "has an unknown file name extension"],
  ])("%s", async (_, name, reason) => {
    await expect(readManifest(join(folder, name), STDIN)).rejects.toThrow(reason);
  });
});
