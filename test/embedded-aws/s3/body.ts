import { createHash, type Hash } from "node:crypto";
import { open, rm } from "node:fs/promises";
import { crc32 } from "node:zlib";
import type { Workshop } from "./disk.ts";
import { decodeAwsChunked, type Trailers } from "./chunked.ts";
import { notImplemented, S3Error } from "./errors.ts";
import { headerOf, type S3Request } from "./request.ts";

/** The largest object that one PutObject, UploadPart or CopyObject may create: 5 GiB. */
export const LARGEST_SINGLE_WRITE = 5 * 1024 ** 3;
/** Enough for the largest document: a list of 10,000 parts with checksums is under 3 MiB. */
const LARGEST_TEXT = 8 * 1024 ** 2;
const CHECKSUM_PREFIX = "x-amz-checksum-";
const ABOUT_THE_CHECKSUM = new Set([`${CHECKSUM_PREFIX}algorithm`, `${CHECKSUM_PREFIX}type`, `${CHECKSUM_PREFIX}mode`]);

export interface ReceivedFile {
  readonly path: string;
  readonly bytes: number;
  /** MD5 in hex. */
  readonly etag: string;
  /** CRC32 in Base64, as in x-amz-checksum-crc32. */
  readonly crc32: string;
}

/**
 * Streams the body into a new file of the workshop. Verifies every length and digest that the request carries.
 * @throws S3Error if one does not match.
 */
export function receiveFile(
  request: S3Request,
  workshop: Workshop,
  onBytes: (bytes: number) => void,
): Promise<ReceivedFile> {
  return intoNewFile(workshop, (write) =>
    consume(request, async (piece) => {
      onBytes(piece.length);
      await write(piece);
    }),
  );
}

/** Copies bytes that are already on this machine into a new file of the workshop. */
export function keepFile(source: AsyncIterable<Buffer>, workshop: Workshop): Promise<ReceivedFile> {
  return intoNewFile(workshop, async (write) => {
    const digests = new Digests();
    for await (const piece of source) {
      digests.update(piece);
      await write(piece);
    }
    return digests;
  });
}

type Take = (piece: Buffer) => Promise<void>;

async function intoNewFile(workshop: Workshop, fill: (write: Take) => Promise<Digests>): Promise<ReceivedFile> {
  const path = workshop.newPath();
  const file = await open(path, "wx");
  try {
    const digests = await fill((piece) => file.appendFile(piece));
    return { path, bytes: digests.bytes, etag: digests.md5(), crc32: digests.crc32() };
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

export async function receiveText(request: S3Request): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  await consume(request, async (piece) => {
    bytes += piece.length;
    if (bytes > LARGEST_TEXT) throw new S3Error("MalformedXML", `The document is longer than ${LARGEST_TEXT} bytes.`);
    pieces.push(piece);
  });
  return Buffer.concat(pieces).toString("utf8");
}

async function consume(request: S3Request, take: Take): Promise<Digests> {
  const isChunked = isAwsChunked(request);
  const length = headerOf(request, isChunked ? "x-amz-decoded-content-length" : "content-length");
  if (Number(length) > LARGEST_SINGLE_WRITE) throw tooLarge();
  const digests = new Digests(checksumNames(request));
  const source: AsyncIterable<Buffer> = request.incoming;
  const payload = isChunked ? decodeAwsChunked(source) : plain(source);
  let next = await payload.next();
  for (; next.done !== true; next = await payload.next()) {
    digests.update(next.value);
    if (digests.bytes > LARGEST_SINGLE_WRITE) throw tooLarge();
    await take(next.value);
  }
  if (length !== undefined && Number(length) !== digests.bytes) {
    throw new S3Error("IncompleteBody", `The request announced ${length} bytes, but ${digests.bytes} arrived.`);
  }
  digests.verify(request, next.value);
  return digests;
}

async function* plain(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer, Trailers> {
  yield* source;
  return new Map();
}

function isAwsChunked(request: S3Request): boolean {
  return (
    (headerOf(request, "content-encoding") ?? "").includes("aws-chunked") ||
    (headerOf(request, "x-amz-content-sha256") ?? "").startsWith("STREAMING-")
  );
}

function tooLarge(): S3Error {
  return new S3Error("EntityTooLarge", "One request may carry at most 5 GiB. Use a multipart upload.");
}

/** Digests that S3 can verify, except those that node:crypto and node:zlib cannot compute. */
export class Digests {
  readonly #md5 = createHash("md5");
  readonly #extra = new Map<string, Hash>();
  #crc32 = 0;
  #md5Hex: string | undefined;
  bytes = 0;

  constructor(checksums: readonly string[] = []) {
    for (const name of checksums) {
      if (name === "sha1" || name === "sha256") this.#extra.set(name, createHash(name));
      else if (name !== "crc32") throw notImplemented(`the checksum ${name} (CRC32, SHA-1 and SHA-256 are supported)`);
    }
  }

  update(piece: Buffer): void {
    this.bytes += piece.length;
    this.#md5.update(piece);
    this.#crc32 = crc32(piece, this.#crc32);
    for (const hash of this.#extra.values()) hash.update(piece);
  }

  md5(): string {
    this.#md5Hex ??= this.#md5.digest("hex");
    return this.#md5Hex;
  }

  crc32(): string {
    return crc32ToBase64(this.#crc32);
  }

  verify(request: S3Request, trailers: Trailers): void {
    const md5 = headerOf(request, "content-md5");
    if (md5 !== undefined) expectDigest("Content-MD5", md5, Buffer.from(this.md5(), "hex").toString("base64"));
    for (const name of checksumNames(request)) {
      const header = `${CHECKSUM_PREFIX}${name}`;
      const expected = trailers.get(header) ?? headerOf(request, header);
      if (expected === undefined)
        throw new S3Error("InvalidRequest", `The trailer ${header} was announced, but is missing.`);
      expectDigest(header, expected, this.#extra.get(name)?.digest("base64") ?? this.crc32());
    }
  }
}

function expectDigest(name: string, expected: string, actual: string): void {
  if (expected === actual) return;
  throw new S3Error("BadDigest", `${name} is ${expected}, but the received bytes have ${actual}.`);
}

/** For CompleteMultipartUpload the checksum headers describe the object, not the request's body. */
function checksumNames(request: S3Request): readonly string[] {
  if (request.operation === "CompleteMultipartUpload") return [];
  const announced = (headerOf(request, "x-amz-trailer") ?? "").split(",").map((name) => name.trim().toLowerCase());
  return [...Object.keys(request.headers), ...announced]
    .filter((name) => name.startsWith(CHECKSUM_PREFIX) && !ABOUT_THE_CHECKSUM.has(name))
    .map((name) => name.slice(CHECKSUM_PREFIX.length));
}

export function crc32ToBase64(value: number): string {
  return Buffer.from(value.toString(16).padStart(8, "0"), "hex").toString("base64");
}
