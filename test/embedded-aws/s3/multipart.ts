/**
 * Unfinished uploads. Each is a folder with `upload.json` and one file for each part, whose name contains the part's
 * number, MD5 and CRC32. Complete joins the parts in the workshop, writes a note into the upload's folder that
 * identifies the file to publish (`commit.json`), publishes the file, and moves the note to `finished/`. After a crash,
 * recover() uses the note to find out whether the object was published. So an upload is never half finished, and
 * completing it twice gives the same answer.
 */
import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { z } from "zod";
import { crc32ToBase64, type ReceivedFile } from "./body.ts";
import { identityOf, Locks, moveInto, namesIn, readJson, type Workshop } from "./disk.ts";
import { S3Error } from "./errors.ts";
import { compareKeys } from "./keys.ts";
import type { ObjectStore, WriteConditions } from "./objects.ts";
import type { S3Target } from "./request.ts";
import type { CompletedPart } from "./xml.ts";

const LEAST_PART_BYTES = 5 * 1024 ** 2;
const COPY_BUFFER_BYTES = 1024 ** 2;
/** As long as S3's: the record of a job holds one, and DynamoDB bills its bytes. */
const UPLOAD_ID_LENGTH = 128;
/** How long a finished upload answers a repeated Complete: 7 days. */
const FINISHED_KEPT_MS = 7 * 24 * 3600 * 1000;
const UPLOAD_ID = /^[0-9a-z_-]{1,128}$/;
const PART_NAME = /^part-(\d{5})-([0-9a-f]{32})-([0-9a-f]{8})$/;

const uploadRecord = z.object({ key: z.string(), createdMs: z.number(), headers: z.record(z.string(), z.string()) });
const commitRecord = z.object({ key: z.string(), identity: z.string(), etag: z.string(), parts: z.array(z.string()) });

export interface Upload extends z.output<typeof uploadRecord> {
  readonly uploadId: string;
}

export interface StoredPart {
  readonly number: number;
  readonly etag: string;
  readonly crc32: string;
  readonly bytes: number;
  readonly modifiedMs: number;
  readonly path: string;
}

export interface UploadTarget extends S3Target {
  readonly uploadId: string;
}

export interface Completion {
  readonly parts: readonly CompletedPart[];
  readonly conditions: WriteConditions;
  /** Size of the whole object, as the client claims. */
  readonly bytes: number | undefined;
  /** CRC32 of the whole object in Base64, as the client claims. */
  readonly crc32: string | undefined;
}

export class UploadStore {
  readonly #uploads: string;
  readonly #finished: string;
  readonly #workshop: Workshop;
  readonly #objects: ObjectStore;
  readonly #locks = new Locks();

  constructor(stateDir: string, workshop: Workshop, objects: ObjectStore) {
    this.#uploads = join(stateDir, "uploads");
    this.#finished = join(stateDir, "finished");
    this.#workshop = workshop;
    this.#objects = objects;
  }

  async create(target: S3Target, headers: Readonly<Record<string, string>>): Promise<string> {
    const createdMs = Date.now();
    // Ids sort by age: S3 lists the uploads of a key in that order.
    const uploadId = `${createdMs.toString(36).padStart(9, "0")}-${randomUUID()}`.padEnd(UPLOAD_ID_LENGTH, "_");
    const upload = { key: target.key, createdMs, headers };
    await this.#workshop.writeJson(join(this.#folderOf({ ...target, uploadId }), "upload.json"), upload);
    return uploadId;
  }

  /** @throws S3Error NoSuchUpload. */
  async get(target: UploadTarget): Promise<Upload> {
    const stored = UPLOAD_ID.test(target.uploadId)
      ? uploadRecord.safeParse(await readJson(join(this.#folderOf(target), "upload.json"))).data
      : undefined;
    if (stored?.key !== target.key) throw noSuchUpload(target);
    return { ...stored, uploadId: target.uploadId };
  }

  /** Consumes the received file, even on failure. */
  async addPart(target: UploadTarget, number: number, received: ReceivedFile): Promise<void> {
    const folder = this.#folderOf(target);
    const prefix = `part-${String(number).padStart(5, "0")}-`;
    const name = `${prefix}${received.etag}-${Buffer.from(received.crc32, "base64").toString("hex")}`;
    try {
      await this.#locks.hold(target.uploadId, async () => {
        await this.get(target);
        await rename(received.path, join(folder, name));
        const replaced = (await namesIn(folder)).filter((other) => other.startsWith(prefix) && other !== name);
        for (const other of replaced) await rm(join(folder, other), { force: true });
      });
    } finally {
      await rm(received.path, { force: true });
    }
  }

  /** Ascending by number. A crash can leave a replaced part beside its successor: the younger one counts. */
  async parts(target: UploadTarget): Promise<readonly StoredPart[]> {
    await this.get(target);
    const folder = this.#folderOf(target);
    const parts = new Map<number, StoredPart>();
    for (const name of await namesIn(folder)) {
      const [, number, etag, checksum] = PART_NAME.exec(name) ?? [];
      if (number === undefined || etag === undefined || checksum === undefined) continue;
      const path = join(folder, name);
      const { size, mtimeMs } = await stat(path);
      const other = parts.get(Number(number));
      if (other !== undefined && other.modifiedMs > mtimeMs) continue;
      const base64 = Buffer.from(checksum, "hex").toString("base64");
      const part = { number: Number(number), etag, crc32: base64, bytes: size, modifiedMs: mtimeMs, path };
      parts.set(part.number, part);
    }
    return [...parts.values()].sort((a, b) => a.number - b.number);
  }

  async abort(target: UploadTarget): Promise<void> {
    await this.#locks.hold(target.uploadId, async () => {
      await this.get(target);
      await this.#workshop.removeFolder(this.#folderOf(target));
    });
  }

  /** In S3's order: by key, then by age. */
  async list(bucket: string): Promise<readonly Upload[]> {
    const uploads: Upload[] = [];
    for (const uploadId of await namesIn(join(this.#uploads, bucket))) {
      const stored = uploadRecord.safeParse(await readJson(join(this.#uploads, bucket, uploadId, "upload.json")));
      if (stored.success) uploads.push({ ...stored.data, uploadId });
    }
    return uploads.sort((a, b) => compareKeys(a.key, b.key) || compareKeys(a.uploadId, b.uploadId));
  }

  /** @returns the object's ETag. */
  async complete(target: UploadTarget, completion: Completion): Promise<string> {
    return this.#locks.hold(target.uploadId, async () => {
      const before = await this.#finishedBefore(target, completion);
      if (before !== undefined) return before;
      const upload = await this.get(target);
      const parts = chosenParts(await this.parts(target), completion);
      const etag = multipartEtag(parts);
      const joined = await this.#join(parts);
      if (completion.crc32 !== undefined && completion.crc32 !== joined.crc32) {
        await rm(joined.path);
        throw new S3Error("BadDigest", `The joined parts have the CRC32 ${joined.crc32}, not ${completion.crc32}.`);
      }
      const commit = join(this.#folderOf(target), "commit.json");
      const identity = identityOf(await stat(joined.path, { bigint: true }));
      await this.#workshop.writeJson(commit, { key: target.key, identity, etag, parts: partNames(completion.parts) });
      const object = { etag, crc32: joined.crc32, headers: upload.headers, lastModifiedMs: Date.now() };
      await this.#objects.commit(target, joined.path, object, completion.conditions);
      await this.#finish(target);
      return etag;
    });
  }

  /** Finishes or undoes what a crash interrupted. Called before the first request. */
  async recover(): Promise<void> {
    for (const bucket of await namesIn(this.#uploads)) {
      for (const uploadId of await namesIn(join(this.#uploads, bucket))) await this.#recoverUpload(bucket, uploadId);
    }
    for (const bucket of await namesIn(this.#finished)) {
      for (const name of await namesIn(join(this.#finished, bucket))) {
        const path = join(this.#finished, bucket, name);
        if ((await stat(path)).mtimeMs < Date.now() - FINISHED_KEPT_MS) await rm(path, { force: true });
      }
    }
  }

  async #recoverUpload(bucket: string, uploadId: string): Promise<void> {
    const path = join(this.#uploads, bucket, uploadId, "commit.json");
    const commit = commitRecord.safeParse(await readJson(path)).data;
    if (commit === undefined) return;
    const target = { bucket, key: commit.key, uploadId };
    if (await this.#objects.holds(target, commit.identity)) await this.#finish(target);
    else await rm(path, { force: true });
  }

  async #finish(target: UploadTarget): Promise<void> {
    await moveInto(join(this.#folderOf(target), "commit.json"), this.#finishedPathOf(target));
    await this.#workshop.removeFolder(this.#folderOf(target));
  }

  async #finishedBefore(target: UploadTarget, completion: Completion): Promise<string | undefined> {
    if (!UPLOAD_ID.test(target.uploadId)) return undefined;
    const finished = commitRecord.safeParse(await readJson(this.#finishedPathOf(target))).data;
    if (finished?.key !== target.key) return undefined;
    if (finished.parts.join() === partNames(completion.parts).join()) return finished.etag;
    throw noSuchUpload(target);
  }

  async #join(parts: readonly StoredPart[]): Promise<{ readonly path: string; readonly crc32: string }> {
    const path = this.#workshop.newPath();
    let checksum = 0;
    async function* content(): AsyncGenerator<Buffer> {
      for (const part of parts) {
        const pieces: AsyncIterable<Buffer> = createReadStream(part.path, { highWaterMark: COPY_BUFFER_BYTES });
        for await (const piece of pieces) {
          checksum = crc32(piece, checksum);
          yield piece;
        }
      }
    }
    try {
      await writeFile(path, content());
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
    return { path, crc32: crc32ToBase64(checksum) };
  }

  #folderOf({ bucket, uploadId }: UploadTarget): string {
    return join(this.#uploads, bucket, uploadId);
  }

  #finishedPathOf({ bucket, uploadId }: UploadTarget): string {
    return join(this.#finished, bucket, `${uploadId}.json`);
  }
}

function chosenParts(stored: readonly StoredPart[], { parts, bytes }: Completion): readonly StoredPart[] {
  const byNumber = new Map(stored.map((part) => [part.number, part]));
  const chosen = parts.map((claimed, index) => {
    if (claimed.number <= (parts[index - 1]?.number ?? 0)) {
      throw new S3Error("InvalidPartOrder", `Part ${claimed.number} breaks the ascending order.`);
    }
    const part = byNumber.get(claimed.number);
    const isClaimed = part?.etag === claimed.etag && (claimed.crc32 === undefined || claimed.crc32 === part.crc32);
    if (part === undefined || !isClaimed) {
      throw new S3Error("InvalidPart", `Part ${claimed.number} was not uploaded, or has another ETag or checksum.`);
    }
    return part;
  });
  const small = chosen.slice(0, -1).find((part) => part.bytes < LEAST_PART_BYTES);
  if (small !== undefined) {
    throw new S3Error(
      "EntityTooSmall",
      `Part ${small.number} has ${small.bytes} bytes; all parts but the last need 5 MiB.`,
    );
  }
  const total = chosen.reduce((sum, part) => sum + part.bytes, 0);
  if (bytes !== undefined && bytes !== total) {
    throw new S3Error("InvalidRequest", `x-amz-mp-object-size is ${bytes}, but the parts have ${total} bytes.`);
  }
  return chosen;
}

function multipartEtag(parts: readonly StoredPart[]): string {
  const digests = parts.map((part) => Buffer.from(part.etag, "hex"));
  return `${createHash("md5").update(Buffer.concat(digests)).digest("hex")}-${parts.length}`;
}

function partNames(parts: readonly CompletedPart[]): string[] {
  return parts.map((part) => `${part.number}:${part.etag}`);
}

function noSuchUpload(target: UploadTarget): S3Error {
  return new S3Error(
    "NoSuchUpload",
    `There is no upload ${target.uploadId} of ${target.key}: it was never created, or was aborted or completed.`,
  );
}
