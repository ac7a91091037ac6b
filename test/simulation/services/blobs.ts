import { hash } from "node:crypto";
import { StagedObjectGoneError, UploadGoneError } from "../../../core/model/errors.ts";
import type { Content, DirectContent } from "../../../core/ports/content.ts";
import type { Clock } from "../../../core/ports/runtime.ts";
import type { StagedUpload, Staging } from "../../../core/ports/staging.ts";

interface SimulatedObject {
  readonly body: Buffer;
  readonly etag: string;
  readonly contentType: string;
  readonly createdMs: number;
}

interface SimulatedUpload {
  readonly key: string;
  readonly contentType: string;
  readonly createdMs: number;
  readonly parts: Map<number, { body: Buffer; etag: string }>;
}

const etagOf = (body: Uint8Array): string => `"${hash("md5", body)}"`;

/** What arrives of a part that is sent in pieces. S3 keeps no part that is shorter or longer than it was said to be. */
export async function wholePart(pieces: AsyncIterable<Uint8Array>, bytes: number): Promise<Buffer> {
  const copies: Buffer[] = [];
  for await (const piece of pieces) copies.push(Buffer.from(piece));
  const part = Buffer.concat(copies);
  if (part.length !== bytes) throw Object.assign(new Error("IncompleteBody"), { name: "IncompleteBody" });
  return part;
}

export interface SimulatedBlobs {
  readonly staging: Staging;
  readonly content: Content & DirectContent;
  readonly stagedObjects: Map<string, SimulatedObject>;
  readonly uploads: Map<string, SimulatedUpload>;
  readonly contentObjects: Map<string, SimulatedObject>;
  /** Somebody has removed it, so that it may be written again. */
  loseContent(): void;
  /** How often each content key was written. The invariant is: once. */
  readonly contentWrites: Map<string, number>;
  /**
   * A part that was on its way when its upload was aborted. S3 may still keep it: then it is litter until the upload is
   * aborted once more.
   * @returns false if the upload was not aborted.
   */
  landAfterAbort(upload: StagedUpload, partNumber: number, body: Uint8Array): boolean;
}

/** Both buckets in memory, with the parts, ETags, conditional copies and refusals of S3. */
export function simulatedBlobs(clock: Clock): SimulatedBlobs {
  const stagedObjects = new Map<string, SimulatedObject>();
  const uploads = new Map<string, SimulatedUpload>();
  const contentObjects = new Map<string, SimulatedObject>();
  const contentWrites = new Map<string, number>();
  let uploadsMade = 0;

  /** Ids of aborted uploads. A part that lands later may bring one back, but nobody can go on with it. */
  const aborted = new Set<string>();

  /** An id is good only together with its own key. */
  const find = ({ key, uploadId }: StagedUpload): SimulatedUpload | undefined => {
    const upload = uploads.get(uploadId);
    return upload?.key === key ? upload : undefined;
  };
  const uploadOf = (staged: StagedUpload): SimulatedUpload => {
    const upload = find(staged);
    if (!upload || aborted.has(staged.uploadId)) throw new UploadGoneError();
    return upload;
  };
  const objectOf = (body: Buffer, contentType: string): SimulatedObject => ({
    body,
    etag: etagOf(body),
    contentType,
    createdMs: clock.nowMs(),
  });

  const staging: Staging = {
    async put(key, body, contentType) {
      const object = objectOf(Buffer.from(body), contentType);
      stagedObjects.set(key, object);
      return { etag: object.etag };
    },
    async createUpload(key, contentType) {
      uploadsMade += 1;
      const uploadId = `upload-${uploadsMade}`;
      uploads.set(uploadId, { key, contentType, createdMs: clock.nowMs(), parts: new Map() });
      return { key, uploadId };
    },
    async uploadPart(staged, partNumber, body) {
      const etag = etagOf(body);
      uploadOf(staged).parts.set(partNumber, { body: Buffer.from(body), etag });
      return { etag };
    },
    async streamPart(staged, partNumber, pieces, bytes) {
      return this.uploadPart(staged, partNumber, await wholePart(pieces, bytes));
    },
    async listParts(staged) {
      const upload = find(staged);
      return (
        upload &&
        [...upload.parts]
          .sort(([a], [b]) => a - b)
          .map(([partNumber, { etag, body }]) => ({ partNumber, etag, bytes: body.length }))
      );
    },
    async completeUpload(staged, parts) {
      const { key, uploadId } = staged;
      const before = stagedObjects.get(key);
      const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
      if (!uploads.has(uploadId) && before?.body.length === bytes) return { etag: before.etag };
      const upload = uploadOf(staged);
      const bodies = parts.map(({ partNumber, etag }) => {
        const part = upload.parts.get(partNumber);
        if (part?.etag !== etag) throw new UploadGoneError();
        return part.body;
      });
      const object = objectOf(Buffer.concat(bodies), upload.contentType);
      stagedObjects.set(key, object);
      uploads.delete(uploadId);
      return { etag: object.etag };
    },
    async abortUpload(staged) {
      if (!find(staged)) return;
      uploads.delete(staged.uploadId);
      aborted.add(staged.uploadId);
    },
    async head(key) {
      const object = stagedObjects.get(key);
      return object && { bytes: object.body.length, etag: object.etag };
    },
    async delete(key) {
      stagedObjects.delete(key);
    },
    async litter(from = "", limit) {
      if (limit < 1) throw new RangeError("InvalidArgument: MaxUploads must be at least 1");
      const rest = [
        ...[...uploads].map(([uploadId, { key, createdMs }]) => ({
          place: `1 ${key} ${uploadId}`,
          litter: { key, uploadId, createdMs },
        })),
        ...[...stagedObjects].map(([key, { createdMs }]) => ({ place: `2 ${key}`, litter: { key, createdMs } })),
      ]
        .filter(({ place }) => place > from)
        .sort((a, b) => (a.place < b.place ? -1 : 1));
      const page = rest.slice(0, limit);
      const last = page.at(-1);
      const found = page.map(({ litter }) => litter);
      return last && rest.length > page.length ? { found, next: last.place } : { found };
    },
  };

  const create = (key: string, object: SimulatedObject): void => {
    contentObjects.set(key, object);
    contentWrites.set(key, (contentWrites.get(key) ?? 0) + 1);
  };
  const content: Content & DirectContent = {
    async put(key, body, { contentType }) {
      const there = contentObjects.get(key);
      if (there) return { outcome: "exists", bytes: there.body.length, etag: there.etag };
      const object = objectOf(Buffer.from(body), contentType);
      create(key, object);
      return { outcome: "created", bytes: body.length, etag: object.etag };
    },
    async publish({ key: stagedKey, etag, contentType }, key, signal) {
      signal.throwIfAborted();
      const staged = stagedObjects.get(stagedKey);
      if (!staged) throw new StagedObjectGoneError();
      if (contentObjects.has(key)) return "exists";
      if (staged.etag !== etag) throw new StagedObjectGoneError();
      create(key, objectOf(staged.body, contentType));
      return "created";
    },
    async head(key) {
      const object = contentObjects.get(key);
      return object && { bytes: object.body.length };
    },
  };
  const landAfterAbort: SimulatedBlobs["landAfterAbort"] = ({ key, uploadId }, partNumber, body) => {
    if (!aborted.has(uploadId)) return false;
    const parts = uploads.get(uploadId)?.parts ?? new Map<number, { body: Buffer; etag: string }>();
    parts.set(partNumber, { body: Buffer.from(body), etag: etagOf(body) });
    uploads.set(uploadId, { key, contentType: "", createdMs: clock.nowMs(), parts });
    return true;
  };
  const loseContent = (): void => {
    contentObjects.clear();
    contentWrites.clear();
  };
  return { staging, content, stagedObjects, uploads, contentObjects, contentWrites, landAfterAbort, loseContent };
}
