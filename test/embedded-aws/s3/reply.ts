import type { FileHandle } from "node:fs/promises";
import type { BucketStore } from "./buckets.ts";
import type { Workshop } from "./disk.ts";
import { notImplemented } from "./errors.ts";
import type { UploadStore } from "./multipart.ts";
import type { ObjectStore, StoredObject, WriteConditions } from "./objects.ts";
import { headerOf, type ByteRange, type S3Operation, type S3Request } from "./request.ts";
import { quoted, toXml, type XmlContent } from "./xml.ts";

export interface Stores {
  readonly buckets: BucketStore;
  readonly objects: ObjectStore;
  readonly uploads: UploadStore;
  readonly workshop: Workshop;
  readonly onBytes: (progress: { bucket: string; key: string; bytes: number }) => void;
}

/** Part of a file. The code that sends it closes the file. */
interface FileSlice extends ByteRange {
  readonly file: FileHandle;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | FileSlice;
}

type Handler = (request: S3Request, stores: Stores) => Promise<Reply>;
export type Handlers = Readonly<Record<S3Operation, Handler>>;

export function xmlReply(root: string, content: XmlContent, status = 200): Reply {
  return { status, headers: { "content-type": "application/xml" }, body: toXml(root, content) };
}

export function writeConditions(request: S3Request): WriteConditions {
  const ifNoneMatch = headerOf(request, "if-none-match");
  if (ifNoneMatch !== undefined && ifNoneMatch !== "*")
    throw notImplemented('If-None-Match on a write with a value other than "*"');
  return { ifNoneMatch, ifMatch: headerOf(request, "if-match") };
}

const KEPT_HEADERS = new Set(["cache-control", "content-disposition", "content-language", "content-type", "expires"]);

/** The headers of a write that a read returns. */
export function keptHeaders(request: S3Request): Record<string, string> {
  const names = Object.keys(request.headers).filter((name) => KEPT_HEADERS.has(name) || name.startsWith("x-amz-meta-"));
  const kept = Object.fromEntries(names.map((name) => [name, headerOf(request, name) ?? ""]));
  const encodings = (headerOf(request, "content-encoding") ?? "").split(",").map((encoding) => encoding.trim());
  const encoding = encodings.filter((each) => each !== "aws-chunked" && each !== "").join(",");
  return {
    "content-type": "binary/octet-stream",
    ...kept,
    ...(encoding === "" ? {} : { "content-encoding": encoding }),
  };
}

export function checksumHeaders(crc32: string | undefined): Record<string, string> {
  return crc32 === undefined ? {} : { "x-amz-checksum-crc32": crc32, "x-amz-checksum-type": "FULL_OBJECT" };
}

export function identityHeaders(object: StoredObject): Record<string, string> {
  return { etag: quoted(object.etag), "last-modified": new Date(object.lastModifiedMs).toUTCString() };
}

export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
