import { LARGEST_SINGLE_WRITE, receiveFile, receiveText } from "./body.ts";
import { notImplemented, S3Error } from "./errors.ts";
import type { ObjectFacts, StoredObject } from "./objects.ts";
import { enforcePolicy } from "./policy.ts";
import {
  checksumHeaders,
  identityHeaders,
  isoTime,
  keptHeaders,
  writeConditions,
  xmlReply,
  type Handlers,
  type Reply,
} from "./reply.ts";
import { copySourceOf, headerOf, type ByteRange, type S3Request } from "./request.ts";
import { parseDeletion, quoted, unquoted } from "./xml.ts";

export const objectOperations = {
  async PutObject(request, stores) {
    const conditions = writeConditions(request);
    const { bucket, key } = request;
    const received = await receiveFile(request, stores.workshop, (bytes) => stores.onBytes({ bucket, key, bytes }));
    const { etag, crc32 } = received;
    const object: ObjectFacts = { etag, crc32, headers: keptHeaders(request), lastModifiedMs: Date.now() };
    await stores.objects.commit(request, received.path, object, conditions);
    return { status: 200, headers: { etag: quoted(etag), ...checksumHeaders(crc32) } };
  },

  async CopyObject(request, { buckets, objects }) {
    const conditions = writeConditions(request);
    const source = copySourceOf(request);
    buckets.get(source.bucket);
    checkCopySource(request, await objects.get(source));
    const { object, path } = await objects.clone(source);
    const lastModifiedMs = Date.now();
    const { etag, crc32 } = object;
    const copy: ObjectFacts = { etag, crc32, headers: copiedHeaders(request, object), lastModifiedMs };
    await objects.commit(request, path, copy, conditions);
    return xmlReply("CopyObjectResult", {
      ETag: quoted(etag),
      LastModified: isoTime(lastModifiedMs),
      ChecksumCRC32: crc32,
    });
  },

  async GetObject(request, { objects }) {
    const { object, file } = await objects.open(request);
    try {
      const reply = describe(request, object);
      const disposition = request.query.get("response-content-disposition");
      const headers = { ...reply.headers, ...(disposition !== null && { "content-disposition": disposition }) };
      const { start, end } = rangeOf(request, object) ?? { start: 0, end: object.bytes - 1 };
      return { ...reply, headers, body: { file, start, end: reply.status === 304 ? start - 1 : end } };
    } catch (error) {
      await file.close();
      throw error;
    }
  },

  async HeadObject(request, { objects }) {
    return describe(request, await objects.get(request));
  },

  async DeleteObject(request, { objects }) {
    await objects.delete(request);
    return { status: 204 };
  },

  async DeleteObjects(request, { buckets, objects }) {
    const { quiet, keys } = parseDeletion(await receiveText(request));
    const { bucket } = request;
    const { enforced } = buckets.get(bucket);
    const deleted: { Key: string }[] = [];
    const failures: { Key: string; Code: string; Message: string }[] = [];
    for (const key of keys) {
      try {
        if (enforced !== undefined) enforcePolicy(enforced, { ...request, key });
        await objects.delete({ bucket, key });
        deleted.push({ Key: key });
      } catch (error) {
        if (!(error instanceof S3Error)) throw error;
        failures.push({ Key: key, Code: error.code, Message: error.message });
      }
    }
    return xmlReply("DeleteResult", { Deleted: quiet ? [] : deleted, Error: failures });
  },
} satisfies Partial<Handlers>;

export function checkCopySource(request: S3Request, source: StoredObject): void {
  const ifMatch = headerOf(request, "x-amz-copy-source-if-match");
  if (ifMatch !== undefined && unquoted(ifMatch) !== source.etag) {
    throw new S3Error("PreconditionFailed", `The copy source has the ETag "${source.etag}", not ${ifMatch}.`);
  }
  if (request.operation === "CopyObject" && source.bytes > LARGEST_SINGLE_WRITE) {
    throw new S3Error("InvalidRequest", "CopyObject copies at most 5 GiB. Use UploadPartCopy.");
  }
}

function copiedHeaders(request: S3Request, source: StoredObject): Record<string, string> {
  const directive = headerOf(request, "x-amz-metadata-directive") ?? "COPY";
  if (directive === "COPY") return source.headers;
  if (directive === "REPLACE") return keptHeaders(request);
  throw notImplemented(`the metadata directive ${directive} (COPY and REPLACE are supported)`);
}

/** The reply to a GET without its body: status, and headers including length and range. */
function describe(request: S3Request, object: StoredObject): Reply {
  const ifMatch = headerOf(request, "if-match");
  if (ifMatch !== undefined && ifMatch !== "*" && unquoted(ifMatch) !== object.etag) {
    throw new S3Error("PreconditionFailed", `The object has the ETag "${object.etag}", not ${ifMatch}.`);
  }
  const ifNoneMatch = headerOf(request, "if-none-match");
  if (ifNoneMatch !== undefined && (ifNoneMatch === "*" || unquoted(ifNoneMatch) === object.etag)) {
    return { status: 304, headers: identityHeaders(object) };
  }
  const common = { ...object.headers, ...identityHeaders(object), "accept-ranges": "bytes" };
  const range = rangeOf(request, object);
  if (range !== undefined) {
    const length = String(range.end - range.start + 1);
    const where = `bytes ${range.start}-${range.end}/${object.bytes}`;
    return { status: 206, headers: { ...common, "content-length": length, "content-range": where } };
  }
  const wantsChecksum = headerOf(request, "x-amz-checksum-mode")?.toUpperCase() === "ENABLED";
  const checksum = wantsChecksum ? checksumHeaders(object.crc32) : {};
  return { status: 200, headers: { ...common, ...checksum, "content-length": String(object.bytes) } };
}

/** Ignores a header that is not one simple range, as S3 does. */
function rangeOf(request: S3Request, { bytes }: StoredObject): ByteRange | undefined {
  const header = headerOf(request, "range");
  const [, first = "", last = ""] = /^bytes=(\d*)-(\d*)$/.exec(header ?? "") ?? [];
  if (first === "" && last === "") return undefined;
  const isSuffix = first === "";
  const start = isSuffix ? Math.max(0, bytes - Number(last)) : Number(first);
  const end = isSuffix || last === "" ? bytes - 1 : Math.min(Number(last), bytes - 1);
  if (!isSuffix && last !== "" && Number(last) < start) return undefined;
  if (start >= bytes) throw new S3Error("InvalidRange", `${header} is outside the object's ${bytes} bytes.`);
  return { start, end };
}
