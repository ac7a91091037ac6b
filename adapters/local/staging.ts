import fs from "node:fs";
import { join } from "node:path";
import { UploadGoneError } from "../../core/model/errors.ts";
import { present } from "../../core/model/present.ts";
import type { StagedPart, StagedUpload, Staging, StagingLitter } from "../../core/ports/staging.ts";
import { codeOf, etagOf, ifThere, onDisk, statOf, writeDurably } from "./disk.ts";
import { MachineTroubleError, translateTrouble } from "./machine-trouble.ts";

export interface LocalStaging extends Staging {
  /** The first bytes of an upload in progress, or of a staged object. */
  readPrefix(key: string, bytes: number): AsyncIterable<Uint8Array>;
  readonly pathOf: (key: string) => string;
}

/** Ends the name of the file of an unfinished upload. */
const UNFINISHED = ".part";
const READ_BYTES = 1024 * 1024;
const PREFIX = "staging/";

const isUnfinished = (file: string): boolean => file.endsWith(UNFINISHED);
const sizeOf = (parts: readonly StagedPart[]): number => parts.reduce((sum, { bytes }) => sum + bytes, 0);

const keyOf = (file: string): string =>
  PREFIX + (isUnfinished(file) ? file.slice(0, -UNFINISHED.length) : file).replaceAll(".", "/");

const partOf = (partNumber: number, bytes: number): StagedPart => ({
  partNumber,
  etag: `${partNumber}-${bytes}`,
  bytes,
});
const hasEtag = ({ partNumber, bytes, etag }: StagedPart): boolean => etag === partOf(partNumber, bytes).etag;
const remove = (path: string): void => ifThere(path, () => fs.unlinkSync(path));

/** What is there may be linked to content by now: another file takes its place. */
const putAnew = async (path: string, body: Uint8Array): Promise<void> => {
  const draft = `${path}${UNFINISHED}`;
  await writeDurably(draft, "w", body, 0);
  onDisk(path, () => fs.renameSync(draft, path));
};

/**
 * Staging as files of one folder. An upload is one file, and its nth part lies at n - 1 times the size of a part, so
 * that completing the upload is a rename. What is acknowledged is on the disk. A key has one upload at most: each
 * attempt has keys of its own.
 */
export function localStaging(folder: string, partBytes: number): LocalStaging {
  // One file for `staging/<job>/<attempt>`, because making a folder for each job costs more than the file. Keys have no
  // dots.
  const pathOf = (key: string): string => join(folder, key.slice(PREFIX.length).replaceAll("/", "."));
  const unfinishedPathOf = (key: string): string => `${pathOf(key)}${UNFINISHED}`;
  /** An upload's parts lie where the size of a part puts them, so another release's upload cannot be continued. */
  const uploadId = `parts-of-${partBytes}`;

  /** For operations to which nothing but the folder can be missing. */
  const orNoFolder = (error: unknown): unknown =>
    codeOf(error) === "ENOENT" ? new MachineTroubleError(folder, "the folder is gone", error) : error;
  const inFolder = <T>(path: string, work: () => T): T => {
    try {
      return onDisk(path, work);
    } catch (error) {
      throw orNoFolder(error);
    }
  };

  return {
    pathOf,
    async put(key, body) {
      const path = pathOf(key);
      try {
        await writeDurably(path, "wx", body, 0);
      } catch (error) {
        if (codeOf(error) !== "EEXIST") throw orNoFolder(error);
        await putAnew(path, body);
      }
      return { etag: etagOf(present(statOf(path), "a file that was just written")) };
    },
    async createUpload(key): Promise<StagedUpload> {
      const path = unfinishedPathOf(key);
      inFolder(path, () => fs.writeFileSync(path, ""));
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
      const bytes = upload.uploadId === uploadId ? statOf(unfinishedPathOf(upload.key))?.size : undefined;
      if (bytes === undefined) return undefined;
      return Array.from({ length: Math.ceil(bytes / partBytes) }, (_, index) =>
        partOf(index + 1, Math.min(partBytes, bytes - index * partBytes)),
      );
    },
    async completeUpload({ key }, parts) {
      const from = unfinishedPathOf(key);
      const to = pathOf(key);
      const unfinished = statOf(from);
      const found = unfinished ?? statOf(to);
      if (found?.size !== sizeOf(parts) || !parts.every(hasEtag)) throw new UploadGoneError();
      if (unfinished) onDisk(to, () => fs.renameSync(from, to));
      return { etag: etagOf(found) };
    },
    abortUpload: async ({ key }) => remove(unfinishedPathOf(key)),
    async head(key) {
      const found = statOf(pathOf(key));
      return found && { bytes: found.size, etag: etagOf(found) };
    },
    delete: async (key) => remove(pathOf(key)),
    async litter(from = "", limit) {
      const files = inFolder(folder, () => fs.readdirSync(folder))
        .filter((file) => file > from)
        .sort();
      const page = files.slice(0, limit);
      const found = page.flatMap((file): StagingLitter[] => {
        const stats = statOf(join(folder, file));
        const upload = isUnfinished(file) ? { uploadId } : {};
        // Not every file system knows when a file was made. An upload that is written to is young.
        return stats ? [{ key: keyOf(file), ...upload, createdMs: stats.mtimeMs }] : [];
      });
      const next = files.length > page.length ? page.at(-1) : undefined;
      return { found, ...(next !== undefined && { next }) };
    },
    async *readPrefix(key, bytes) {
      const path = statOf(unfinishedPathOf(key)) ? unfinishedPathOf(key) : pathOf(key);
      if (bytes === 0) return;
      try {
        yield* fs.createReadStream(path, { end: bytes - 1, highWaterMark: READ_BYTES }) as AsyncIterable<Uint8Array>;
      } catch (error) {
        throw translateTrouble(error, path);
      }
    },
  };
}
