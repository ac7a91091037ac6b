import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  UploadPartCopyCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { RetryableError, StagedObjectGoneError } from "../../core/model/errors.ts";
import type { Content, Published, StagedObject } from "../../core/ports/content.ts";
import { headObject, isConflict, isPreconditionFailed, isS3Error } from "./s3-errors.ts";

export interface ContentBuckets {
  readonly content: string;
  readonly staging: string;
  /** CopyObject copies at most 5 GiB. Larger objects are copied part by part. */
  readonly largestSingleCopyBytes?: number;
  readonly copyPartBytes?: number;
}

const GIB = 2 ** 30;
const LARGEST_SINGLE_COPY_BYTES = 5 * GIB;
const COPY_PART_BYTES = GIB;

export function s3Content(client: S3Client, buckets: ContentBuckets): Content {
  const {
    content,
    staging,
    largestSingleCopyBytes = LARGEST_SINGLE_COPY_BYTES,
    copyPartBytes = COPY_PART_BYTES,
  } = buckets;

  const head = async (key: string) => headObject(client, content, key);
  const source = ({ key, etag }: StagedObject) => ({
    CopySource: `${staging}/${key.split("/").map(encodeURIComponent).join("/")}`,
    CopySourceIfMatch: etag,
  });

  const copyWhole = async (staged: StagedObject, key: string, abortSignal: AbortSignal): Promise<void> => {
    await client.send(
      new CopyObjectCommand({
        Bucket: content,
        Key: key,
        ...source(staged),
        IfNoneMatch: "*",
        MetadataDirective: "REPLACE",
        ContentType: staged.contentType,
      }),
      { abortSignal },
    );
  };

  const copyInParts = async (staged: StagedObject, key: string, abortSignal: AbortSignal): Promise<void> => {
    const { UploadId } = await client.send(
      new CreateMultipartUploadCommand({ Bucket: content, Key: key, ContentType: staged.contentType }),
      { abortSignal },
    );
    const target = { Bucket: content, Key: key, UploadId };
    try {
      const parts: { PartNumber: number; ETag: string | undefined }[] = [];
      for (let start = 0; start < staged.bytes; start += copyPartBytes) {
        const end = Math.min(start + copyPartBytes, staged.bytes) - 1;
        const PartNumber = parts.length + 1;
        const { CopyPartResult } = await client.send(
          new UploadPartCopyCommand({
            ...target,
            ...source(staged),
            PartNumber,
            CopySourceRange: `bytes=${start}-${end}`,
          }),
          { abortSignal },
        );
        parts.push({ PartNumber, ETag: CopyPartResult?.ETag });
      }
      await client.send(
        new CompleteMultipartUploadCommand({ ...target, IfNoneMatch: "*", MultipartUpload: { Parts: parts } }),
        { abortSignal },
      );
    } catch (error) {
      await client.send(new AbortMultipartUploadCommand(target)).catch(() => undefined);
      throw error;
    }
  };

  return {
    head,
    async publish(staged, key, signal): Promise<Published> {
      const copy = staged.bytes > largestSingleCopyBytes ? copyInParts : copyWhole;
      try {
        await copy(staged, key, signal);
        return "created";
      } catch (error) {
        signal.throwIfAborted();
        if (isS3Error(error, ["NoSuchKey"])) throw new StagedObjectGoneError({ cause: error });
        if (!isPreconditionFailed(error) && !isConflict(error)) throw error;
        // 412 may come from either of the two conditions, and 409 from neither: only a HEAD shows what is there.
        if (await head(key)) return "exists";
        if (isConflict(error)) throw new RetryableError("content_conflict", { cause: error, failureClass: "system" });
        throw new StagedObjectGoneError({ cause: error });
      }
    },
  };
}
