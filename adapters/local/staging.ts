import fs from "node:fs";
import { join } from "node:path";
import { UploadGoneError } from "../../core/model/errors.ts";
import { stagingKey } from "../../core/model/keys.ts";
import type { StagedPart, StagedUpload, Staging, StagingLitter } from "../../core/ports/staging.ts";
import { codeOf, etagOf, ifThere, onDisk, writeDurably } from "./disk.ts";

export interface LocalStaging extends Staging {
  /** The first bytes of an upload in progress, or of a staged object. */
  readPrefix(key: string, bytes: number): AsyncIterable<Uint8Array>;
  readonly pathOf: (key: string) => string;
}

/** Ends the name of the file of an unfinished upload. */
const UNFINISHED = ".part";
const READ_BYTES = 1024 * 1024;

const isUnfinished = (path: string): boolean => path.endsWith(UNFINISHED);

function keyOf(file: string): string {
  const [jobId = "", stagedBy = ""] = file.split(".");
  return stagingKey(jobId, stagedBy);
}

const partOf = (partNumber: number, bytes: number): StagedPart => ({
  partNumber,
  etag: `${partNumber}-${bytes}`,
  bytes,
});

const remove = (path: string): void => ifThere(path, () => fs.unlinkSync(path));
const stat = (path: string): fs.Stats | undefined => ifThere(path, () => fs.statSync(path));

/**
 * Staging as files of one folder. An upload is one file, and its nth part lies at n - 1 times the size of a part, so
 * that completing the upload is a rename. What is acknowledged is on the disk.
 */
export function localStaging(folder: string, partBytes: number): LocalStaging {
  // `staging/<job>/<attempt>`: one file each, because making a folder for each job costs more than the file.
  const pathOf = (key: string): string => join(folder, key.slice(key.indexOf("/") + 1).replace("/", "."));
  const unfinishedPathOf = (key: string): string => `${pathOf(key)}${UNFINISHED}`;
  /** An upload's parts lie where the size of a part puts them, so another release's upload cannot be continued. */
  const uploadId = `parts-of-${partBytes}`;

  return {
    pathOf,
    async put(key, body) {
      const path = pathOf(key);
      await writeDurably(path, "w", body, 0);
      return { etag: etagOf(onDisk(path, () => fs.statSync(path))) };
    },
    async createUpload(key): Promise<StagedUpload> {
      const path = unfinishedPathOf(key);
      onDisk(path, () => fs.writeFileSync(path, ""));
      return { key, uploadId };
    },
    async uploadPart(upload, partNumber, body) {
      const path = unfinishedPathOf(upload.key);
      if (upload.uploadId !== uploadId) throw new UploadGoneError();
      try {
        await writeDurably(path, "r+", body, (partNumber - 1) * partBytes);
      } catch (error) {
        throw codeOf(error) === "ENOENT" ? new UploadGoneError({ cause: error }) : error;
      }
      return { etag: partOf(partNumber, body.length).etag };
    },
    async listParts(upload) {
      const bytes = upload.uploadId === uploadId ? stat(unfinishedPathOf(upload.key))?.size : undefined;
      if (bytes === undefined) return undefined;
      return Array.from({ length: Math.ceil(bytes / partBytes) }, (_, index) =>
        partOf(index + 1, Math.min(partBytes, bytes - index * partBytes)),
      );
    },
    async completeUpload({ key }, parts) {
      const from = unfinishedPathOf(key);
      const to = pathOf(key);
      const found = stat(from);
      if (found?.size !== parts.reduce((sum, { bytes }) => sum + bytes, 0)) throw new UploadGoneError();
      onDisk(to, () => fs.renameSync(from, to));
      return { etag: etagOf(found) };
    },
    abortUpload: async ({ key }) => remove(unfinishedPathOf(key)),
    async head(key) {
      const found = stat(pathOf(key));
      return found && { bytes: found.size, etag: etagOf(found) };
    },
    delete: async (key) => remove(pathOf(key)),
    async litter(from = "", limit) {
      const files = onDisk(folder, () => fs.readdirSync(folder))
        .filter((file) => file > from)
        .sort();
      const page = files.slice(0, limit);
      const found = page.flatMap((file): StagingLitter[] => {
        const stats = stat(join(folder, file));
        const upload = isUnfinished(file) ? { uploadId } : {};
        return stats ? [{ key: keyOf(file), ...upload, createdMs: stats.birthtimeMs }] : [];
      });
      const next = files.length > page.length ? page.at(-1) : undefined;
      return { found, ...(next !== undefined && { next }) };
    },
    async *readPrefix(key, bytes) {
      const path = stat(unfinishedPathOf(key)) ? unfinishedPathOf(key) : pathOf(key);
      if (bytes === 0) return;
      yield* fs.createReadStream(path, { end: bytes - 1, highWaterMark: READ_BYTES }) as AsyncIterable<Uint8Array>;
    },
  };
}
