/**
 * An object exists if and only if its data file exists: `<folder of its bucket>/<key>`. Its metadata record is a
 * separate file under `meta/` and refers to the data by identity. The record is written before the data is moved into
 * place, and keeps the metadata of the old data, so that a crash between the two steps leaves the old object intact.
 * Data without a matching record (a file that somebody put there) is an object too; its record is written when the
 * object is first read. Data files are never changed in place, so a copy can be a second link to the same file.
 */
import { createHash } from "node:crypto";
import { createReadStream, type BigIntStats } from "node:fs";
import { mkdir, open, rm, stat, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { hasCode, orUndefined } from "../../../local/shared/errno.ts";
import { Digests } from "./body.ts";
import { identityOf, Locks, moveInto, pruneEmptyFolders, readJson, statIfFile, type Workshop } from "./disk.ts";
import { noSuchKey, S3Error } from "./errors.ts";
import { pathOfKey } from "./keys.ts";
import { keysUnder, type KeyRange } from "./listing.ts";
import type { S3Target } from "./request.ts";
import { unquoted } from "./xml.ts";

const facts = z.object({
  etag: z.string(),
  lastModifiedMs: z.number(),
  /** Content-Type and similar headers, and x-amz-meta-*: returned unchanged. */
  headers: z.record(z.string(), z.string()),
  crc32: z.string().optional(),
});

const record = z.object({
  key: z.string(),
  versions: z.array(facts.extend({ identity: z.string() })),
});

export type ObjectFacts = z.output<typeof facts>;
type Version = z.output<typeof record>["versions"][number];

export interface StoredObject extends ObjectFacts {
  readonly bytes: number;
}

export interface WriteConditions {
  readonly ifNoneMatch: string | undefined;
  readonly ifMatch: string | undefined;
}

export class ObjectStore {
  readonly #stateDir: string;
  readonly #bucketDirs: Readonly<Record<string, string>>;
  readonly #workshop: Workshop;
  readonly #locks = new Locks();

  constructor(stateDir: string, bucketDirs: Readonly<Record<string, string>>, workshop: Workshop) {
    this.#stateDir = stateDir;
    this.#bucketDirs = bucketDirs;
    this.#workshop = workshop;
  }

  /** @throws Error if the bucket's folder and the state are on different file systems: files could not be moved. */
  async prepareFolder(bucket: string): Promise<void> {
    const folder = this.#folderOf(bucket);
    await mkdir(folder, { recursive: true });
    if ((await stat(folder)).dev !== (await stat(this.#stateDir)).dev) {
      throw new Error(
        `The folder of bucket ${bucket}, ${folder}, is on another file system than the state in ${this.#stateDir}. ` +
          "Put both on the same file system.",
      );
    }
  }

  async find(target: S3Target): Promise<StoredObject | undefined> {
    return this.#locked(target, () => this.#look(target));
  }

  async get(target: S3Target): Promise<StoredObject> {
    return this.#locked(target, () => this.#existing(target));
  }

  /** The caller must close the file. It stays readable even if the object is replaced or deleted meanwhile. */
  async open(target: S3Target): Promise<{ readonly object: StoredObject; readonly file: FileHandle }> {
    return this.#locked(target, async () => ({
      object: await this.#existing(target),
      file: await open(this.#pathOf(target)),
    }));
  }

  /** Clones the object's data into the workshop. */
  async clone(target: S3Target): Promise<{ readonly object: StoredObject; readonly path: string }> {
    return this.#locked(target, async () => ({
      object: await this.#existing(target),
      path: await this.#workshop.cloneOf(this.#pathOf(target)),
    }));
  }

  /**
   * Makes the finished file the object's data, if the conditions hold at that moment. Consumes the file in any case.
   * @throws S3Error PreconditionFailed, NoSuchKey.
   */
  async commit(target: S3Target, data: string, object: ObjectFacts, conditions: WriteConditions): Promise<void> {
    try {
      await this.#locked(target, async () => {
        const existing = await this.#look(target);
        checkConditions(target, existing, conditions);
        const fresh: Version = { ...object, identity: identityOf(await stat(data, { bigint: true })) };
        const kept = existing === undefined || existing.identity === fresh.identity ? [] : [versionOf(existing)];
        await this.#writeRecord(target, [fresh, ...kept]);
        await this.#moveIntoPlace(data, target);
      });
    } finally {
      await rm(data, { force: true });
    }
  }

  /** Succeeds even if there is no such object. */
  async delete(target: S3Target): Promise<void> {
    await this.#locked(target, async () => {
      const path = this.#pathOf(target);
      if ((await statIfFile(path)) === undefined) return;
      await rm(path, { force: true });
      await rm(this.#recordPathOf(target), { force: true });
      await pruneEmptyFolders(dirname(path), this.#folderOf(target.bucket));
    });
  }

  keys(bucket: string, range: KeyRange): AsyncGenerator<string> {
    return keysUnder(this.#folderOf(bucket), range);
  }

  /** Whether the object's current data has that identity. */
  async holds(target: S3Target, identity: string): Promise<boolean> {
    const file = await statIfFile(this.#pathOf(target));
    return file !== undefined && identityOf(file) === identity;
  }

  #locked<T>(target: S3Target, task: () => Promise<T>): Promise<T> {
    return this.#locks.hold(`${target.bucket}/${target.key}`, task);
  }

  async #look(target: S3Target): Promise<(StoredObject & Version) | undefined> {
    const file = await statIfFile(this.#pathOf(target));
    if (file === undefined) return undefined;
    const identity = identityOf(file);
    const known = record.safeParse(await readJson(this.#recordPathOf(target)));
    const version = known.data?.versions.find((each) => each.identity === identity);
    return { ...(version ?? (await this.#discover(target, file))), bytes: Number(file.size) };
  }

  async #existing(target: S3Target): Promise<StoredObject> {
    const found = await this.#look(target);
    if (found === undefined) throw noSuchKey(target.bucket, target.key);
    return found;
  }

  async #discover(target: S3Target, file: BigIntStats): Promise<Version> {
    const headers = { "content-type": "application/octet-stream" };
    const digests = await digestsOf(this.#pathOf(target));
    const version = { ...digests, headers, lastModifiedMs: Number(file.mtimeMs), identity: identityOf(file) };
    await this.#writeRecord(target, [version]);
    return version;
  }

  async #writeRecord(target: S3Target, versions: readonly Version[]): Promise<void> {
    await this.#workshop.writeJson(this.#recordPathOf(target), { key: target.key, versions });
  }

  async #moveIntoPlace(data: string, target: S3Target): Promise<void> {
    try {
      await moveInto(data, this.#pathOf(target));
    } catch (error) {
      if (!hasCode(error, "EISDIR", "ENOTDIR", "EEXIST", "ENOTEMPTY")) throw error;
      await orUndefined(rm(this.#recordPathOf(target), { force: true }));
      throw new S3Error(
        "InvalidRequest",
        `The key ${target.key} cannot be stored: the embedded S3 stores objects as files, and this one would be both ` +
          "a file and a folder. Choose keys so that no key is another key followed by a slash and more.",
      );
    }
  }

  #folderOf(bucket: string): string {
    return this.#bucketDirs[bucket] ?? join(this.#stateDir, "objects", bucket);
  }

  #pathOf({ bucket, key }: S3Target): string {
    return pathOfKey(this.#folderOf(bucket), key);
  }

  #recordPathOf({ bucket, key }: S3Target): string {
    const name = createHash("sha256").update(key).digest("hex");
    return join(this.#stateDir, "meta", bucket, name.slice(0, 2), `${name}.json`);
  }
}

function versionOf({ identity, etag, lastModifiedMs, headers, crc32: checksum }: Version): Version {
  return { identity, etag, lastModifiedMs, headers, crc32: checksum };
}

function checkConditions(target: S3Target, existing: Version | undefined, conditions: WriteConditions): void {
  const { ifNoneMatch, ifMatch } = conditions;
  if (ifNoneMatch !== undefined && existing !== undefined) {
    throw new S3Error("PreconditionFailed", `If-None-Match: ${ifNoneMatch}, but ${target.key} exists.`);
  }
  if (ifMatch === undefined) return;
  if (existing === undefined) throw noSuchKey(target.bucket, target.key);
  if (unquoted(ifMatch) !== existing.etag) {
    throw new S3Error(
      "PreconditionFailed",
      `If-Match: ${ifMatch}, but the ETag of ${target.key} is "${existing.etag}".`,
    );
  }
}

async function digestsOf(path: string): Promise<{ etag: string; crc32: string }> {
  const digests = new Digests();
  for await (const piece of createReadStream(path, { highWaterMark: 1024 ** 2 })) digests.update(piece);
  return { etag: digests.md5(), crc32: digests.crc32() };
}
