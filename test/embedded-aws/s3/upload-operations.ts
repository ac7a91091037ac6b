import { LARGEST_SINGLE_WRITE, keepFile, receiveFile, receiveText, type ReceivedFile } from "./body.ts";
import { S3Error } from "./errors.ts";
import type { Upload, UploadTarget } from "./multipart.ts";
import { checkCopySource } from "./object-operations.ts";
import { isoTime, keptHeaders, writeConditions, xmlReply, type Handlers, type Stores } from "./reply.ts";
import { copySourceOf, headerOf, wholeNumber, type ByteRange, type S3Request } from "./request.ts";
import { parseCompletion, quoted } from "./xml.ts";
import { listedKey } from "./bucket-operations.ts";
import { compareKeys } from "./keys.ts";

const MOST_PARTS = 10_000;
const PAGE = 1000;

export const uploadOperations = {
  async CreateMultipartUpload(request, { uploads }) {
    const { bucket, key } = request;
    const uploadId = await uploads.create(request, keptHeaders(request));
    return xmlReply("InitiateMultipartUploadResult", { Bucket: bucket, Key: key, UploadId: uploadId });
  },

  async UploadPart(request, { uploads, workshop, onBytes }) {
    const target = uploadOf(request);
    const { bucket, key } = target;
    const number = partNumberOf(request);
    await uploads.get(target);
    const part = await receiveFile(request, workshop, (bytes) => onBytes({ bucket, key, bytes }));
    await uploads.addPart(target, number, part);
    return { status: 200, headers: { etag: quoted(part.etag), "x-amz-checksum-crc32": part.crc32 } };
  },

  async UploadPartCopy(request, stores) {
    const target = uploadOf(request);
    const number = partNumberOf(request);
    await stores.uploads.get(target);
    const part = await copyRange(request, stores);
    await stores.uploads.addPart(target, number, part);
    return xmlReply("CopyPartResult", {
      ETag: quoted(part.etag),
      LastModified: isoTime(Date.now()),
      ChecksumCRC32: part.crc32,
    });
  },

  async CompleteMultipartUpload(request, { uploads }) {
    const target = uploadOf(request);
    const size = headerOf(request, "x-amz-mp-object-size");
    const crc32 = headerOf(request, "x-amz-checksum-crc32");
    const conditions = writeConditions(request);
    const parts = parseCompletion(await receiveText(request));
    const bytes = size === undefined ? undefined : Number(size);
    const etag = await uploads.complete(target, { parts, conditions, bytes, crc32 });
    return xmlReply("CompleteMultipartUploadResult", {
      Location: `/${target.bucket}/${target.key}`,
      Bucket: target.bucket,
      Key: target.key,
      ETag: quoted(etag),
    });
  },

  async AbortMultipartUpload(request, { uploads }) {
    await uploads.abort(uploadOf(request));
    return { status: 204 };
  },

  async ListParts(request, { uploads }) {
    const target = uploadOf(request);
    const most = wholeNumber(request, "max-parts", 1, PAGE, PAGE);
    const after = wholeNumber(request, "part-number-marker", 0, MOST_PARTS, 0);
    const rest = (await uploads.parts(target)).filter((part) => part.number > after);
    const page = rest.slice(0, most);
    return xmlReply("ListPartsResult", {
      Bucket: target.bucket,
      Key: target.key,
      UploadId: target.uploadId,
      PartNumberMarker: after,
      NextPartNumberMarker: page.at(-1)?.number ?? after,
      MaxParts: most,
      IsTruncated: rest.length > page.length,
      StorageClass: "STANDARD",
      Part: page.map((part) => ({
        PartNumber: part.number,
        ETag: quoted(part.etag),
        Size: part.bytes,
        LastModified: isoTime(part.modifiedMs),
        ChecksumCRC32: part.crc32,
      })),
    });
  },

  async ListMultipartUploads(request, { uploads }) {
    const prefix = request.query.get("prefix") ?? "";
    const keyMarker = request.query.get("key-marker") ?? "";
    const idMarker = request.query.get("upload-id-marker") ?? "";
    const most = wholeNumber(request, "max-uploads", 1, PAGE, PAGE);
    const rest = (await uploads.list(request.bucket)).filter(
      (upload) => upload.key.startsWith(prefix) && comesAfter(upload, keyMarker, idMarker),
    );
    const page = rest.slice(0, most);
    const isTruncated = rest.length > page.length;
    const last = isTruncated ? page.at(-1) : undefined;
    return xmlReply("ListMultipartUploadsResult", {
      Bucket: request.bucket,
      Prefix: listedKey(request, prefix),
      KeyMarker: listedKey(request, keyMarker),
      UploadIdMarker: idMarker,
      ...(last === undefined ? {} : { NextKeyMarker: listedKey(request, last.key), NextUploadIdMarker: last.uploadId }),
      MaxUploads: most,
      IsTruncated: isTruncated,
      EncodingType: request.query.get("encoding-type") ?? undefined,
      Upload: page.map((upload) => ({
        Key: listedKey(request, upload.key),
        UploadId: upload.uploadId,
        Initiated: isoTime(upload.createdMs),
        StorageClass: "STANDARD",
      })),
    });
  },
} satisfies Partial<Handlers>;

function uploadOf(request: S3Request): UploadTarget {
  const { bucket, key, query } = request;
  return { bucket, key, uploadId: query.get("uploadId") ?? "" };
}

function partNumberOf(request: S3Request): number {
  const number = Number(request.query.get("partNumber"));
  if (Number.isInteger(number) && number >= 1 && number <= MOST_PARTS) return number;
  throw new S3Error("InvalidArgument", `A part number must be a whole number from 1 to ${MOST_PARTS}.`);
}

function comesAfter(upload: Upload, keyMarker: string, idMarker: string): boolean {
  if (keyMarker === "") return true;
  const order = compareKeys(upload.key, keyMarker);
  return order > 0 || (order === 0 && idMarker !== "" && upload.uploadId > idMarker);
}

async function copyRange(request: S3Request, { buckets, objects, workshop }: Stores): Promise<ReceivedFile> {
  const source = copySourceOf(request);
  buckets.get(source.bucket);
  const { object, file } = await objects.open(source);
  try {
    checkCopySource(request, object);
    const { start, end } = copySourceRange(request, object.bytes);
    if (end - start >= LARGEST_SINGLE_WRITE) throw new S3Error("InvalidRequest", "A part has at most 5 GiB.");
    const isEmpty = end < start;
    return await keepFile(isEmpty ? nothing() : file.createReadStream({ start, end, autoClose: false }), workshop);
  } finally {
    await file.close();
  }
}

async function* nothing(): AsyncGenerator<Buffer> {}

function copySourceRange(request: S3Request, bytes: number): ByteRange {
  const header = headerOf(request, "x-amz-copy-source-range");
  if (header === undefined) return { start: 0, end: bytes - 1 };
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(header) ?? [];
  const start = Number(first);
  const end = Number(last);
  if (start <= end && end < bytes) return { start, end };
  throw new S3Error("InvalidArgument", `"${header}" is not a range within the source's ${bytes} bytes.`);
}
