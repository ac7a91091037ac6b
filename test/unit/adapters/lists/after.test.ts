import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import zlib from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterAll, beforeAll, expect, it } from "vitest";
import { listItems } from "../../../../adapters/lists/list-items.ts";
import { fileBytes } from "../../../../adapters/lists/random-bytes.ts";
import type { InputItem } from "../../../../core/ports/list-items.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fetchonce-after-"));
});
afterAll(async () => rm(folder, { recursive: true }));

const url = (n: number): string => `https://example.org/${n}`;
const TXT = ["# a comment", "", url(1), `  ${url(2)}`, "ftp://example.org/no", "", url(3), "not a URL", url(4)].join(
  "\n",
);
const CSV = [
  "sep=;",
  "",
  "url;note",
  `${url(1)};one`,
  `${url(2)};"two`,
  `lines; of a ""note""`,
  'and a third"',
  `${url(3)};too;many`,
  "",
  `${url(4)};"closed" wrongly`,
  `${url(5)};five`,
  `"${url(6)}";"`,
  '"',
  `${url(7)};seven`,
].join("\r\n");
const JSONL = [
  `{"url": "${url(1)}", "metadata": {"n": 1}}`,
  "",
  `"${url(2)}"`,
  "[1]",
  `{"url": "${url(3)}", "sha256": "x"}`,
  "not JSON",
  `{"url": "${url(4)}"}`,
].join("\n");
const PARQUET = Buffer.from(
  parquetWriteBuffer({
    columnData: [
      { name: "url", data: Array.from({ length: 23 }, (_, n) => (n % 7 === 3 ? "no" : url(n))) },
      { name: "n", data: Array.from({ length: 23 }, (_, n) => n) },
    ],
    rowGroupSize: 5,
  }),
);

async function itemsOf(name: string, content: Buffer, after: number): Promise<readonly InputItem[]> {
  const path = join(folder, name);
  await writeFile(path, content);
  async function* pieces(): AsyncGenerator<Buffer> {
    for (let at = 0; at < content.length; at += 7) yield await Promise.resolve(content.subarray(at, at + 7));
  }
  const all: InputItem[] = [];
  const source = { name, stream: pieces(), open: async () => fileBytes(path) };
  for await (const items of listItems(source, { after })) all.push(...items);
  return all;
}

it.each([
  { name: "list.txt", content: Buffer.from(TXT) },
  { name: "list.csv", content: Buffer.from(CSV) },
  { name: "list.jsonl", content: Buffer.from(JSONL) },
  { name: "in-latin-1.txt", content: Buffer.from(`${url(1)}\n${url(2)}/\xe9\n${url(3)}\n`, "latin1") },
  { name: "list.txt.gz", content: zlib.gzipSync(TXT) },
  { name: "list.parquet", content: PARQUET },
  { name: "list.parquet.gz", content: zlib.gzipSync(PARQUET) },
])(
  "what follows a line of $name is the same, whether the lines before it are passed over or not",
  async ({ content, name }) => {
    const all = await itemsOf(name, content, 0);
    expect(all.length).toBeGreaterThan(2);
    const last = Math.max(...all.map(({ line }) => line));
    // Whoever goes on from a line has read an entry there.
    const entries = all.filter((item) => "message" in item).map(({ line }) => line);
    for (const after of entries)
      expect(await itemsOf(name, content, after), `after ${after}`).toEqual(all.filter(({ line }) => line > after));
    expect(await itemsOf(name, content, last)).toEqual([]);
  },
);
