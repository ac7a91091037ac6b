import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, type Stats } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { etagOf } from "../../adapters/local/disk.ts";
import { cannotRead, sourceOf, type ListSource } from "../input/sources.ts";
import { UsageError } from "../terminal/usage-error.ts";

/** 128 bits. */
const ID_DIGITS = 32;

/** Bytes that come from elsewhere: standard input, an object in S3. */
export interface RemoteList {
  readonly name: string;
  readonly bytes: AsyncIterable<Uint8Array> | Readable;
}

/**
 * A list in a file. It is read several times, so what cannot be read twice is copied into a temporary file first. That
 * keeps both promises for it as well: nothing is sent before all of it was checked, and the next run goes on.
 */
export class ListFile implements AsyncDisposable {
  readonly source: ListSource & { readonly path: string };
  /** Names the list by its bytes, wherever it is. */
  readonly id: string;
  readonly #version: string;
  readonly #folder: string | undefined;

  static async open(list: string | RemoteList, stdin: Readable, signal: AbortSignal): Promise<ListFile> {
    const from = typeof list === "string" ? await localSource(list) : list;
    if (!("bytes" in from) && from.path !== undefined && from.isFile)
      return ListFile.#of({ ...from, path: from.path }, undefined, signal);
    const folder = await mkdtemp(join(tmpdir(), "fetchonce-submit-"));
    try {
      const path = join(folder, "list");
      const bytes = "bytes" in from ? from.bytes : from.path === undefined ? stdin : createReadStream(from.path);
      await pipeline(bytes, createWriteStream(path), { signal });
      return await ListFile.#of({ name: from.name, path, isFile: true }, folder, signal);
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      signal.throwIfAborted();
      throw cannotRead(from.name, error);
    }
  }

  static async #of(source: ListFile["source"], folder: string | undefined, signal: AbortSignal): Promise<ListFile> {
    try {
      const version = versionOf(await stat(source.path));
      const hash = createHash("sha256");
      await pipeline(createReadStream(source.path), hash, { signal });
      return new ListFile(source, hash.digest("hex").slice(0, ID_DIGITS), version, folder);
    } catch (error) {
      signal.throwIfAborted();
      throw cannotRead(source.name, error);
    }
  }

  private constructor(source: ListFile["source"], id: string, version: string, folder: string | undefined) {
    this.source = source;
    this.id = id;
    this.#version = version;
    this.#folder = folder;
  }

  /** Whether somebody has written to the file since it was opened. */
  async isChanged(): Promise<boolean> {
    try {
      return versionOf(await stat(this.source.path)) !== this.#version;
    } catch {
      return true;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#folder !== undefined) await rm(this.#folder, { recursive: true, force: true });
  }
}

async function localSource(list: string): Promise<ListSource> {
  const source = await sourceOf([list], {});
  if (!("urls" in source)) return source;
  throw new UsageError(
    `${list} is a URL, and a list is needed: the path of a file, s3://BUCKET/KEY, or - for standard input. ` +
      `To send one URL, write: echo '${list}' | fetchonce submit - ...`,
  );
}

const versionOf = (stats: Stats): string => `${etagOf(stats)}-${stats.mtimeMs}`;
