import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  UploadPartCopyCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { present } from "../../../core/model/present.ts";
import { inLanes } from "../../../core/recovery/in-lanes.ts";
import type { StagedObject } from "../../../core/ports/content.ts";
import type { StagedPart } from "../../../core/ports/staging.ts";
import { isRefusal } from "./errors.ts";
import { listParts, type UploadTarget } from "./parts.ts";

/** Bounds the connections of one copy. The largest file that prod accepts has 79 parts of 1 GiB: ten rounds. */
const PARTS_AT_A_TIME = 8;
/** Unfinished copies of one content that are looked at. More than one is rare: it takes several jobs that died. */
const MOST_UPLOADS = 10;

export interface PartCopy {
  readonly target: { readonly Bucket: string; readonly Key: string };
  readonly source: { readonly CopySource: string; readonly CopySourceIfMatch: string };
  readonly staged: Pick<StagedObject, "bytes" | "contentEncoding" | "contentType" | "metadata">;
  readonly partBytes: number;
}

interface UnfinishedCopy {
  readonly upload: UploadTarget;
  /** ETags of the parts that are already there, by part number. */
  readonly etags: ReadonlyMap<number, string>;
}

const startOf = ({ partBytes }: PartCopy, partNumber: number): number => (partNumber - 1) * partBytes;
const bytesOf = (copy: PartCopy, partNumber: number): number =>
  Math.min(copy.partBytes, copy.staged.bytes - startOf(copy, partNumber));

/**
 * Copies an object of more than 5 GiB to a key that is the hash of its content, unless an object is there already.
 * Continues the copy of an earlier attempt, so that a copy may take several invocations. When the signal is aborted or
 * S3 is out of order, the upload stays for the next attempt. If none comes, the bucket's lifecycle rule removes it.
 */
export async function copyInParts(client: S3Client, copy: PartCopy, signal: AbortSignal): Promise<void> {
  const options = { abortSignal: signal };
  const { upload, etags } = (await unfinishedCopy(client, copy, signal)) ?? (await newCopy(client, copy, signal));
  try {
    const Parts = await copyParts(client, copy, upload, etags, signal);
    await client.send(
      new CompleteMultipartUploadCommand({
        ...upload,
        IfNoneMatch: "*",
        MpuObjectSize: copy.staged.bytes,
        MultipartUpload: { Parts },
      }),
      options,
    );
  } catch (error) {
    const isForGood = !signal.aborted && isRefusal(error);
    if (isForGood) await client.send(new AbortMultipartUploadCommand(upload)).catch(() => undefined);
    throw error;
  }
}

async function newCopy(client: S3Client, { target, staged }: PartCopy, signal: AbortSignal) {
  const { contentEncoding, contentType, metadata } = staged;
  const { UploadId } = await client.send(
    new CreateMultipartUploadCommand({
      ...target,
      ContentType: contentType,
      ContentEncoding: contentEncoding,
      Metadata: metadata,
    }),
    { abortSignal: signal },
  );
  const upload = { ...target, UploadId: present(UploadId, "the id of a new copy") };
  return { upload, etags: new Map<number, string>() };
}

/** The oldest unfinished copy that can be continued, so that attempts at the same time agree on one. */
async function unfinishedCopy(
  client: S3Client,
  copy: PartCopy,
  signal: AbortSignal,
): Promise<UnfinishedCopy | undefined> {
  const { Bucket, Key } = copy.target;
  const { Uploads = [] } = await client.send(
    new ListMultipartUploadsCommand({ Bucket, Prefix: Key, MaxUploads: MOST_UPLOADS }),
    { abortSignal: signal },
  );
  for (const { Key: key, UploadId } of Uploads) {
    if (key !== Key) continue;
    const upload = { Bucket, Key, UploadId: present(UploadId, "the id of a listed copy") };
    const parts = await listParts(client, upload, { abortSignal: signal });
    if (parts && isContinuable(copy, parts)) {
      return { upload, etags: new Map(parts.map(({ partNumber, etag }) => [partNumber, etag])) };
    }
  }
  return undefined;
}

/**
 * The key is the hash of the content, and each part was copied under the ETag of a staged object with that hash. So
 * parts are right if they were cut in the same way. The first part shows the size of all but the last; an upload
 * without it, or with any part of another size, is not used.
 */
const isContinuable = (copy: PartCopy, parts: readonly StagedPart[]): boolean =>
  parts[0]?.partNumber === 1 && parts.every(({ partNumber, bytes }) => bytes === bytesOf(copy, partNumber));

/** If one part fails, the copies under way are given up, and its error is thrown. */
async function copyParts(
  client: S3Client,
  copy: PartCopy,
  upload: UploadTarget,
  etags: ReadonlyMap<number, string>,
  signal: AbortSignal,
): Promise<{ PartNumber: number; ETag: string }[]> {
  const failed = new AbortController();
  const abortSignal = AbortSignal.any([signal, failed.signal]);
  const copyPart = async (PartNumber: number): Promise<string> => {
    const start = startOf(copy, PartNumber);
    const end = start + bytesOf(copy, PartNumber) - 1;
    const part = { ...upload, ...copy.source, PartNumber, CopySourceRange: `bytes=${start}-${end}` };
    const { CopyPartResult } = await client.send(new UploadPartCopyCommand(part), { abortSignal });
    return present(CopyPartResult?.ETag, "the ETag of a copied part");
  };
  const parts: { PartNumber: number; ETag: string }[] = [];
  const numbers = Array.from(
    { length: Math.ceil(copy.staged.bytes / copy.partBytes) },
    (_, index) => index + 1,
  ).values();
  await inLanes(PARTS_AT_A_TIME, async () => {
    for (const PartNumber of numbers) {
      if (failed.signal.aborted) return;
      try {
        parts[PartNumber - 1] = { PartNumber, ETag: etags.get(PartNumber) ?? (await copyPart(PartNumber)) };
      } catch (error) {
        failed.abort(error);
      }
    }
  });
  failed.signal.throwIfAborted();
  return parts;
}
