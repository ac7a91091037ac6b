import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { UploadGoneError } from "../../../../core/model/errors.ts";
import type { StagedPart, StagedUpload, Staging, StagingLitter } from "../../../../core/ports/staging.ts";
import type { BlobsBackend, Buckets } from "./backends.ts";
import { blobsBackends } from "./blobs-backends.ts";

const KEY = "staging/job/1";
const TYPE = "text/plain";

describe.each(Object.entries(blobsBackends))("Staging on %s", (_name, start) => {
  let backend: BlobsBackend;
  let buckets: Buckets;
  let staging: Staging;
  let partBytes = 0;

  beforeAll(async () => {
    backend = await start();
    ({ partBytes } = backend);
  });
  afterAll(async () => backend[Symbol.asyncDispose]());
  beforeEach(async () => {
    buckets = await backend.emptyBuckets();
    ({ staging } = buckets);
  });

  const uploadParts = async (upload: StagedUpload, bodies: readonly Buffer[]): Promise<StagedPart[]> => {
    const parts: StagedPart[] = [];
    for (const body of bodies) {
      const partNumber = parts.length + 1;
      parts.push({ partNumber, bytes: body.length, ...(await staging.uploadPart(upload, partNumber, body)) });
    }
    return parts;
  };
  const twoBodies = () => [Buffer.alloc(partBytes, "a"), Buffer.from("the rest")];
  const finishedUpload = async () => {
    const upload = await staging.createUpload(KEY, TYPE);
    const parts = await uploadParts(upload, twoBodies());
    return { upload, parts, ...(await staging.completeUpload(upload, parts)) };
  };
  /** Files keep no type: the job's record has it. */
  const kept = (type: string) => (backend.isS3 ? type : undefined);
  const sweep = async (limit: number): Promise<readonly (readonly StagingLitter[])[]> => {
    const pages: (readonly StagingLitter[])[] = [];
    let from: string | undefined;
    do {
      const { found, next } = await staging.litter(from, limit);
      pages.push(found);
      from = next;
    } while (from !== undefined);
    return pages;
  };

  it.each([["an empty body", ""] as const, ["a body", "hello"] as const])("stores %s", async (_body, text) => {
    const { etag } = await staging.put(KEY, Buffer.from(text), TYPE);
    expect(await staging.head(KEY)).toEqual({ bytes: text.length, etag });
    expect(await buckets.readStaged(KEY)).toMatchObject({ body: Buffer.from(text), contentType: kept(TYPE) });
  });

  describe("a part that is sent while it comes", () => {
    /** Pieces of one memory, each valid until the next one is asked for. */
    async function* piecesOf(body: Buffer, pieceBytes: number): AsyncGenerator<Uint8Array> {
      const memory = new Uint8Array(pieceBytes);
      for (let at = 0; at < body.length; at += pieceBytes) {
        const piece = body.subarray(at, at + pieceBytes);
        memory.set(piece);
        yield memory.subarray(0, piece.length);
        memory.fill(0);
      }
    }
    const bodyOf = (bytes: number): Buffer => Buffer.from(Array.from({ length: bytes }, (_, at) => at % 251));

    it.each([1, 3 * 65_536 + 1, 2 * 1024 * 1024 + 5])(
      "is stored whole, from pieces of %i bytes",
      async (pieceBytes) => {
        if (!staging.streamPart) return;
        const upload = await staging.createUpload(KEY, TYPE);
        const body = bodyOf(pieceBytes === 1 ? 1000 : partBytes + 2 * 1024 * 1024 + 3);
        const { etag } = await staging.streamPart(upload, 1, piecesOf(body, pieceBytes), body.length);
        const parts = [{ partNumber: 1, bytes: body.length, etag }];
        expect(await staging.listParts(upload)).toEqual(parts);
        await staging.completeUpload(upload, parts);
        expect((await buckets.readStaged(KEY))?.body.equals(body)).toBe(true);
      },
    );

    it("has the ETag of the same part from memory", async () => {
      if (!staging.streamPart) return;
      const upload = await staging.createUpload(KEY, TYPE);
      const body = bodyOf(100_000);
      const streamed = await staging.streamPart(upload, 1, piecesOf(body, 4096), body.length);
      expect(await staging.uploadPart(upload, 1, body)).toEqual(streamed);
    });

    it.each([
      ["its pieces end too early", 99, undefined],
      ["its pieces go on", 101, undefined],
      ["a piece is refused", 100, "the origin broke off"],
    ] as const)("is not stored if %s", async (_why, sent, trouble) => {
      if (!staging.streamPart) return;
      const upload = await staging.createUpload(KEY, TYPE);
      async function* pieces(): AsyncGenerator<Uint8Array> {
        yield* piecesOf(bodyOf(sent), 10);
        if (trouble !== undefined) throw new Error(trouble);
      }
      await expect(staging.streamPart(upload, 1, pieces(), trouble === undefined ? 100 : 200)).rejects.toThrow(trouble);
      expect(await staging.listParts(upload)).toEqual([]);
    });

    it("is refused if the upload is gone, and then nothing more is read", async () => {
      if (!staging.streamPart) return;
      const upload = await staging.createUpload(KEY, TYPE);
      await staging.abortUpload(upload);
      let isOpen = true;
      let pieces = 0;
      async function* endless(): AsyncGenerator<Uint8Array> {
        try {
          for (;;) {
            pieces += 1;
            yield new Uint8Array(65_536);
            await new Promise(setImmediate);
          }
        } finally {
          isOpen = false;
        }
      }
      const bytes = backend.isS3 && partBytes > 8 ? 4 * 1024 ** 3 : 65_536;
      await expect(
        staging.streamPart(upload, 1, bytes === 65_536 ? piecesOf(bodyOf(bytes), 4096) : endless(), bytes),
      ).rejects.toBeInstanceOf(Error);
      const read = pieces;
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect({ isOpen: isOpen && read > 0, read: pieces }).toEqual({ isOpen: false, read });
    });
  });

  it("overwrites an object, under a new ETag", async () => {
    const first = await staging.put(KEY, Buffer.from("first"), TYPE);
    const second = await staging.put(KEY, Buffer.from("again"), TYPE);
    expect(second.etag).not.toBe(first.etag);
    expect(await staging.head(KEY)).toEqual({ bytes: 5, etag: second.etag });
  });

  it("has no head for a key that was never put", async () => {
    expect(await staging.head(KEY)).toBeUndefined();
  });

  it("deletes an object, also if it does not exist", async () => {
    await staging.put(KEY, Buffer.from("hello"), TYPE);
    await staging.delete(KEY);
    await staging.delete(KEY);
    expect(await staging.head(KEY)).toBeUndefined();
  });

  it("makes one object of an upload's parts when it is completed, and not before", async () => {
    const upload = await staging.createUpload(KEY, TYPE);
    const bodies = twoBodies();
    const parts = await uploadParts(upload, bodies);
    expect(await staging.listParts(upload)).toEqual(parts);
    expect(await staging.head(KEY)).toBeUndefined();
    const { etag } = await staging.completeUpload(upload, parts);
    expect(await staging.head(KEY)).toEqual({ bytes: partBytes + 8, etag });
    const { body, contentType } = (await buckets.readStaged(KEY)) ?? {};
    expect(body?.equals(Buffer.concat(bodies))).toBe(true);
    expect(contentType).toBe(kept(TYPE));
  });

  it("lists parts in ascending order, each as it was last uploaded", async () => {
    const upload = await staging.createUpload(KEY, TYPE);
    await staging.uploadPart(upload, 2, Buffer.from("b"));
    const first = await staging.uploadPart(upload, 1, Buffer.alloc(partBytes, "a"));
    const second = await staging.uploadPart(upload, 2, Buffer.from("bb"));
    expect(await staging.listParts(upload)).toEqual([
      { partNumber: 1, bytes: partBytes, ...first },
      { partNumber: 2, bytes: 2, ...second },
    ]);
  });

  it("lists no parts for an upload without parts", async () => {
    expect(await staging.listParts(await staging.createUpload(KEY, TYPE))).toEqual([]);
  });

  it("completes a completed upload again with the same answer", async () => {
    const { upload, parts, etag } = await finishedUpload();
    expect(await staging.completeUpload(upload, parts)).toEqual({ etag });
    expect(await staging.head(KEY)).toEqual({ bytes: partBytes + 8, etag });
  });

  it("refuses to complete an upload with a wrong ETag of a part, and keeps the upload", async () => {
    const upload = await staging.createUpload(KEY, TYPE);
    const [first, last] = await uploadParts(upload, twoBodies());
    const wrong = [first, { ...last, etag: first?.etag }] as StagedPart[];
    await expect(staging.completeUpload(upload, wrong)).rejects.toThrow(UploadGoneError);
    expect(await staging.head(KEY)).toBeUndefined();
    expect(await staging.listParts(upload)).toEqual([first, last]);
  });

  it("refuses to complete an upload with a part that was never uploaded", async () => {
    const upload = await staging.createUpload(KEY, TYPE);
    const parts = await uploadParts(upload, twoBodies());
    const missing = { partNumber: 3, bytes: 1, etag: parts[0]?.etag ?? "" };
    await expect(staging.completeUpload(upload, [...parts, missing])).rejects.toThrow(UploadGoneError);
  });

  describe("after the abort of an upload", () => {
    let upload: StagedUpload;
    let parts: readonly StagedPart[];
    beforeEach(async () => {
      upload = await staging.createUpload(KEY, TYPE);
      parts = await uploadParts(upload, [Buffer.from("only")]);
      await staging.abortUpload(upload);
    });

    it("refuses another part", async () => {
      await expect(staging.uploadPart(upload, 2, Buffer.from("more"))).rejects.toThrow(UploadGoneError);
    });
    it("lists no parts: undefined", async () => {
      expect(await staging.listParts(upload)).toBeUndefined();
    });
    it("refuses to complete the upload", async () => {
      await expect(staging.completeUpload(upload, parts)).rejects.toThrow(UploadGoneError);
    });
    it("accepts a second abort", async () => {
      await expect(staging.abortUpload(upload)).resolves.toBeUndefined();
    });
    it("keeps other uploads of the same key", async ({ skip }) => {
      skip(!backend.isS3, "Files have one upload a key.");
      const other = await staging.createUpload(KEY, TYPE);
      await uploadParts(other, [Buffer.from("other")]);
      await staging.abortUpload(upload);
      expect(await staging.listParts(other)).toHaveLength(1);
    });
  });

  it("accepts the abort of a completed upload, and keeps its object", async () => {
    const { upload, etag } = await finishedUpload();
    await staging.abortUpload(upload);
    expect(await staging.head(KEY)).toMatchObject({ etag });
    expect(await staging.listParts(upload)).toBeUndefined();
  });

  it("finds no litter in an empty bucket", async () => {
    expect(await sweep(10)).toEqual([[]]);
  });

  it.each([1, 2, 3, 4, 5, 7, 100])("finds each upload and object once in pages of %i", async (limit) => {
    const keys = ["staging/b/1", "staging/a/1", "staging/a/2", "staging/ü &/1"];
    const expected: object[] = [];
    for (const key of keys) {
      await staging.put(key, Buffer.from(key), TYPE);
      expected.push({ key });
    }
    const uploads = backend.isS3 ? [...keys.slice(0, 2), "staging/a/1"] : ["staging/a/3", "staging/c/1"];
    for (const key of uploads) {
      const { uploadId } = await staging.createUpload(key, TYPE);
      expected.push({ key, uploadId });
    }
    const pages = await sweep(limit);
    for (const page of pages) expect(page.length).toBeLessThanOrEqual(limit);
    const found = pages.flat();
    expect(found.every(({ createdMs }) => createdMs > 0)).toBe(true);
    const names = found.map(({ key, uploadId }) => (uploadId === undefined ? { key } : { key, uploadId }));
    expect(names).toHaveLength(expected.length);
    expect(names).toEqual(expect.arrayContaining(expected));
  });

  it("continues a sweep for litter correctly if the litter found is removed between two pages", async () => {
    const names = ["a", "b", "c", "d", "e"];
    for (const name of names) await staging.put(`staging/${name}/1`, Buffer.from(name), TYPE);
    const uploads = await Promise.all(names.map(async (name) => staging.createUpload(`staging/${name}/2`, TYPE)));
    let from: string | undefined;
    do {
      const { found, next } = await staging.litter(from, 2);
      for (const { key, uploadId } of found) {
        await (uploadId === undefined ? staging.delete(key) : staging.abortUpload({ key, uploadId }));
      }
      from = next;
    } while (from !== undefined);
    expect(await Promise.all(uploads.map(async (upload) => staging.listParts(upload)))).toEqual(
      uploads.map(() => undefined),
    );
    expect(await sweep(100)).toEqual([[]]);
  });
});
