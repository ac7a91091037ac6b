/** Lists in the embedded S3. */
import { CreateBucketCommand, DeleteObjectCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { parquetWriteBuffer } from "hyparquet-writer";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { s3Lists } from "../../../../adapters/aws/s3/lists.ts";
import type { InputItem, InputOptions } from "../../../../core/ports/list-items.ts";
import { type FoundList, type Lists, UnusableListError } from "../../../../core/ports/lists.ts";
import { startEmbeddedS3 } from "../../../embedded-aws/s3/server.ts";
import { clientOf } from "../../embedded-aws/s3-support.ts";

let cleanup: AsyncDisposableStack;
let client: S3Client;
let lists: Lists;

beforeEach(async () => {
  cleanup = new AsyncDisposableStack();
  const stateDir = await mkdtemp(join(tmpdir(), "s3-lists-"));
  cleanup.defer(async () => rm(stateDir, { recursive: true }));
  const s3 = await startEmbeddedS3({ stateDir });
  cleanup.defer(s3.stop);
  client = clientOf(s3.endpoint, { requestHandler: { httpAgent: { maxSockets: 1 } } });
  cleanup.defer(() => client.destroy());
  await client.send(new CreateBucketCommand({ Bucket: "archive" }));
  lists = s3Lists(client, "archive", async () => Promise.resolve());
});
afterEach(async () => cleanup.disposeAsync());

const put = async (Key: string, Body: string | Buffer, Metadata: Record<string, string> = {}): Promise<unknown> =>
  client.send(new PutObjectCommand({ Bucket: "archive", Key, Body, Metadata }));

async function found(): Promise<readonly FoundList[]> {
  const all: FoundList[] = [];
  for await (const some of lists.found()) all.push(...some);
  return all;
}

async function only(): Promise<FoundList> {
  const [list] = await found();
  if (!list) throw new Error("there is no list");
  return list;
}

async function itemsOf(
  list: FoundList,
  options: InputOptions = {},
  onItems: () => Promise<void> = async () => Promise.resolve(),
): Promise<readonly InputItem[]> {
  const all: InputItem[] = [];
  for await (const items of lists.items(list, options)) {
    all.push(...items);
    await onItems();
  }
  return all;
}

const url = (n: number): string => `https://example.org/${n}`;
const textOf = (count: number): string => Array.from({ length: count }, (_, n) => `${url(n)}\n`).join("");
const numbered = (items: readonly InputItem[]) =>
  items.map((item) => ("message" in item ? `${item.line} ${item.message.url}` : `${item.line} ${item.reason}`));

it("are the objects below the prefix, but for folders", async () => {
  await put("lists/a.txt", textOf(1));
  await put("lists/deep/b c+é.csv", "url\n");
  await put("lists/empty/", "");
  await put("batches/b/jobs/00000.jsonl.gz", "x");
  await put("listsx.txt", "x");
  expect((await found()).map(({ key }) => key)).toEqual(["lists/a.txt", "lists/deep/b c+é.csv"]);
  expect(lists.nameOf("lists/a.txt")).toBe("s3://archive/lists/a.txt");
});

it("tell what their users wish in their metadata", async () => {
  await put("lists/a.txt", textOf(1), { "url-column": "link", Format: "csv" });
  expect(await lists.wishes(await only())).toEqual({ "url-column": "link", format: "csv" });
});

it("are read from the line on that the reader names", async () => {
  await put("lists/a.txt", textOf(5_000));
  const list = await only();
  expect(numbered(await itemsOf(list))).toHaveLength(5_000);
  expect(numbered(await itemsOf(list, { after: 4_998 }))).toEqual([`4999 ${url(4_998)}`, `5000 ${url(4_999)}`]);
});

it("are read as Parquet, in pieces, from the row on that the reader names", async () => {
  const urls = Array.from({ length: 5_000 }, (_, n) => url(n));
  await put("lists/a.parquet", Buffer.from(parquetWriteBuffer({ columnData: [{ name: "url", data: urls }] })));
  const list = await only();
  expect(numbered(await itemsOf(list))).toHaveLength(5_000);
  expect(numbered(await itemsOf(list, { after: 4_999 }))).toEqual([`5000 ${url(4_999)}`]);
});

it("leave no request behind when the reader stops early", async () => {
  await put("lists/a.txt", textOf(300_000));
  const reading = lists.items(await only(), {})[Symbol.asyncIterator]();
  expect((await reading.next()).done).toBe(false);
  await reading.return?.();
  // A body that nobody reads to its end would keep the only connection.
  expect(await found()).toHaveLength(1);
});

it.each([
  { how: "replaced", change: async () => put("lists/a.txt", textOf(2)) },
  {
    how: "removed",
    change: async () => client.send(new DeleteObjectCommand({ Bucket: "archive", Key: "lists/a.txt" })),
  },
])("cannot be used when they were $how", async ({ change }) => {
  await put("lists/a.txt", textOf(1));
  const list = await only();
  await change();
  await expect(lists.wishes(list)).rejects.toThrow(UnusableListError);
  await expect(itemsOf(list)).rejects.toThrow("put it again");
});

it("cannot be used when Parquet is replaced between two of its pieces", async () => {
  const urls = Array.from({ length: 100_000 }, (_, n) => url(n));
  const parquet = Buffer.from(parquetWriteBuffer({ columnData: [{ name: "url", data: urls }], rowGroupSize: 1_000 }));
  await put("lists/a.parquet", parquet);
  const list = await only();
  let isChanged = false;
  const reading = itemsOf(list, {}, async () => {
    if (!isChanged) await put("lists/a.parquet", "another");
    isChanged = true;
  });
  await expect(reading).rejects.toThrow(UnusableListError);
});

it("are asked for again when S3 fails for other reasons", async () => {
  await put("lists/a.txt", textOf(1));
  const list = await only();
  const elsewhere = s3Lists(client, "no-such-bucket", async () => Promise.resolve());
  await expect(elsewhere.items(list, {})[Symbol.asyncIterator]().next()).rejects.not.toThrow(UnusableListError);
});
