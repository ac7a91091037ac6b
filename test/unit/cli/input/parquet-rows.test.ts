import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { Readable } from "node:stream";
import zlib from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, it } from "vitest";
import { readInput } from "../../../../cli/input/read-input.ts";
import { DIGEST, listsOfTests, openFiles, readStdin, urlOf, type Read } from "./support.ts";

const lists = listsOfTests();

type Table = Parameters<typeof parquetWriteBuffer>[0];

const parquet = (columnData: Table["columnData"], options: Partial<Table> = {}): Buffer =>
  Buffer.from(parquetWriteBuffer({ columnData, ...options }));

const readTable = (columnData: Table["columnData"], options: Partial<Table> = {}): Promise<Read> =>
  lists.read("l.parquet", parquet(columnData, options));

const urls = (count: number): string[] => Array.from({ length: count }, (_, n) => urlOf(n + 1));
const URLS = { name: "URL", data: urls(2), type: "STRING" } as const;

describe("a Parquet file", () => {
  it("is read with the fields that it names", async () => {
    const { entries, said } = await readTable([
      { name: "work_id", data: ["w", "w"], type: "STRING" },
      { name: "Artifact_ID", data: [7n, 2n ** 60n], type: "INT64" },
      URLS,
      { name: "sha256", data: [null, DIGEST], type: "STRING" },
    ]);
    expect(said).toEqual([]);
    expect(entries).toEqual([
      { line: 1, message: { work_id: "w", artifact_id: "7", url: urlOf(1) }, metadata: undefined },
      {
        line: 2,
        message: { work_id: "w", artifact_id: String(2n ** 60n), url: urlOf(2), sha256: DIGEST },
        metadata: undefined,
      },
    ]);
  });

  it("may have the digest as bytes", async () => {
    const sha256 = Buffer.from(DIGEST, "hex");
    const { entries } = await readTable([URLS, { name: "sha256", data: [sha256, sha256], type: "BYTE_ARRAY" }]);
    expect(entries.map((entry) => entry.message.sha256)).toEqual([DIGEST, DIGEST]);
  });

  it("has its other columns carried through as JSON", async () => {
    const { entries } = await readTable([
      URLS,
      { name: "text", data: ["a\n\u00FC", null], type: "STRING" },
      { name: "whole", data: [7n, 2n ** 60n], type: "INT64" },
      { name: "double", data: [1.5, Number.NaN], type: "DOUBLE" },
      { name: "flag", data: [true, false], type: "BOOLEAN" },
      { name: "time", data: [new Date(0), new Date(1e12)], type: "TIMESTAMP" },
      { name: "json", data: [{ a: [1] }, null], type: "JSON" },
      { name: "raw", data: [Buffer.from([0xff]), Buffer.from([0xfe])], type: "BYTE_ARRAY" },
    ]);
    expect(entries.map(({ metadata }) => metadata)).toEqual([
      {
        text: "a\n\u00FC",
        whole: 7,
        double: 1.5,
        flag: true,
        time: "1970-01-01T00:00:00.000Z",
        json: { a: [1] },
        raw: "/w==",
      },
      {
        text: null,
        whole: String(2n ** 60n),
        double: null,
        flag: false,
        time: "2001-09-09T01:46:40.000Z",
        json: null,
        raw: "/g==",
      },
    ]);
  });

  it("has times and dates carried through with all of their digits", async () => {
    const columns = [
      { name: "url", data: urls(2) },
      { name: "micros", data: [new Date(1.5), new Date(-1)] },
      { name: "nanos", data: [1_000_000_001n, -1n] },
      { name: "day", data: [new Date(0), new Date("1969-12-31")] },
    ];
    const { entries } = await readTable(columns, {
      schema: [
        { name: "root", num_children: 4 },
        { name: "url", type: "BYTE_ARRAY", converted_type: "UTF8" },
        { name: "micros", type: "INT64", converted_type: "TIMESTAMP_MICROS" },
        { name: "nanos", type: "INT64", logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "NANOS" } },
        { name: "day", type: "INT32", converted_type: "DATE" },
      ],
    });
    expect(entries.map(({ metadata }) => metadata)).toEqual([
      { micros: "1970-01-01T00:00:00.001000Z", nanos: "1970-01-01T00:00:01.000000001Z", day: "1970-01-01" },
      { micros: "1969-12-31T23:59:59.999000Z", nanos: "1969-12-31T23:59:59.999999999Z", day: "1969-12-31" },
    ]);
  });

  it.each<[codec: NonNullable<Table["codec"]>, compress: (bytes: Uint8Array) => Uint8Array]>([
    ["GZIP", (bytes) => zlib.gzipSync(bytes)],
    ["ZSTD", (bytes) => zlib.zstdCompressSync(bytes)],
    ["BROTLI", (bytes) => zlib.brotliCompressSync(bytes)],
    ["UNCOMPRESSED", (bytes) => bytes],
  ])("is read whose pages are packed with %s", async (codec, compress) => {
    const { entries } = await readTable([{ ...URLS, data: urls(1000) }], { codec, compressors: { [codec]: compress } });
    expect(entries).toHaveLength(1000);
  });

  it.each([
    ["with an index of its pages", true],
    ["without an index of its pages", false],
  ])(
    "is read whole and in its order, %s, however large its row groups are",
    async (_, offsetIndex) => {
      const count = 52_000;
      const notes = Array.from({ length: count }, (_unused, n) => (n % 3 === 0 ? null : `note ${n % 7}`));
      const { entries, said } = await readTable(
        [
          { ...URLS, data: urls(count), offsetIndex },
          { name: "note", data: notes, type: "STRING", offsetIndex },
        ],
        { rowGroupSize: [10, 51_990], pageSize: 50_000 },
      );
      expect(said).toEqual([]);
      expect(entries).toHaveLength(count);
      const wrong = entries.find(
        ({ line, message, metadata }, n) =>
          line !== n + 1 || message.url !== urlOf(line) || metadata?.["note"] !== notes[n],
      );
      expect(wrong).toBeUndefined();
    },
    30_000,
  );

  it("is known by its first bytes, whatever it is called", async () => {
    expect((await lists.read("list", parquet([URLS]))).entries).toHaveLength(2);
    expect((await lists.read("l.csv", parquet([URLS]))).entries).toHaveLength(2);
  });

  it.each([
    ["gzip", zlib.gzipSync],
    ["zstd", zlib.zstdCompressSync],
  ])("is read from %s, and leaves nothing in the folder for temporary files", async (_, pack) => {
    const before = await temporaryFolders();
    expect((await lists.read("l.parquet.packed", pack(parquet([URLS])))).entries).toHaveLength(2);
    expect(await temporaryFolders()).toEqual(before);
  });

  const temporaryFolders = async (): Promise<readonly string[]> =>
    (await readdir(tmpdir())).filter((name) => name.startsWith("fetchonce-list-"));
});

describe("of a Parquet file, a person reads", () => {
  it("which rows are not valid, and what is in them", async () => {
    const { said, problems, entries } = await readTable([
      { name: "url", data: ["example.org/1", null, urlOf(3), Buffer.from([0x68, 0xe9])], type: "BYTE_ARRAY" },
      { name: "n", data: [1n, 2n, 3n, 4n], type: "INT64" },
    ]);
    expect(said).toEqual([
      "l.parquet, row 1, url: not an absolute URL; write https://example.org/1",
      "l.parquet, row 2, url: missing; write the URL of the file",
      "l.parquet, row 4, url: not text; write the URL of the file as text",
    ]);
    expect(problems[0]?.text).toBe('["example.org/1",1]');
    expect(entries.map(({ line }) => line)).toEqual([3]);
  });

  it("that a column is missing", async () => {
    const { said, problems } = await readTable([{ ...URLS, name: "image" }]);
    expect(said).toEqual([
      `l.parquet, row 1, url: no column is named url; rename the URL's column, or choose it with --url-column from these: "image"`,
    ]);
    expect(problems[0]?.endsList).toBe(true);
  });

  it("that a column looks like one of ours", async () => {
    const { said } = await readTable([URLS, { ...URLS, name: "sha_256" }]);
    expect(said).toEqual([
      "l.parquet, row 1, sha_256: unknown column; did you mean sha256? If it is your own, give it a name that cannot be mistaken",
    ]);
  });

  it("that it has no rows", async () => {
    await expect(readTable([{ ...URLS, data: [] }])).rejects.toThrow("is empty. It must name at least one URL.");
  });

  it("that it is cut off", async () => {
    const { said } = await lists.read("l.parquet", parquet([URLS]).subarray(0, -1));
    expect(said).toEqual([
      "l.parquet, row 1: Parquet that is damaged or cannot be read (parquet file invalid (footer != PAR1)); write the list again. The rest of it was not read",
    ]);
  });

  it("that its rows are damaged", async () => {
    const bytes = parquet([{ ...URLS, data: urls(1000) }]);
    bytes.fill(0xff, 4, 200);
    const { said } = await lists.read("l.parquet", bytes);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(
      /^l\.parquet, row 1: Parquet that is damaged or cannot be read \(.*\); write the list again/,
    );
  });

  it("that it is encrypted", async () => {
    const { said } = await lists.read("l.parquet", "PARE");
    expect(said).toEqual(["l.parquet, line 1: encrypted Parquet, which cannot be read; decrypt it first"]);
  });

  it("that it is not read from standard input", async () => {
    await expect(readStdin([parquet([URLS])])).rejects.toThrow(
      "standard input is Parquet, whose index is at its end: it is read from a file alone. Give the path of the file.",
    );
  });
});

it.runIf(process.platform === "linux")("a Parquet file is closed if its reader stops early", async () => {
  const path = await lists.write("open.parquet", parquet([URLS]));
  const items = readInput([path], {}, Readable.from([]));
  await items.next();
  await items.return(undefined);
  expect(await openFiles(lists.folder)).toEqual([]);
});
