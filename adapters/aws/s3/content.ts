import { present } from "../../../core/model/present.ts";
import { CopyObjectCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { RetryableError, StagedObjectGoneError } from "../../../core/model/errors.ts";
import type { Published } from "../../../core/model/record.ts";
import type { Content, ContentFacts, DirectContent, StagedObject } from "../../../core/ports/content.ts";
import { headObject, isConflict, isPreconditionFailed, isS3Error } from "./errors.ts";
import { copyInParts } from "./part-copy.ts";

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

/** Another attempt at the same content has completed or aborted the upload, or has replaced a part of it. */
const TAKEN_AWAY = ["NoSuchUpload", "InvalidPart"];

const factsIn = ({ contentEncoding, contentType, metadata }: ContentFacts) => ({
  ContentType: contentType,
  ContentEncoding: contentEncoding,
  Metadata: metadata,
});

export function s3Content(client: S3Client, buckets: ContentBuckets): Content & DirectContent {
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
        ...factsIn(staged),
      }),
      { abortSignal },
    );
  };

  const copyParts = async (staged: StagedObject, key: string, signal: AbortSignal): Promise<void> =>
    copyInParts(
      client,
      {
        target: { Bucket: content, Key: key },
        source: source(staged),
        staged,
        partBytes: copyPartBytes,
      },
      signal,
    );

  return {
    head,
    async put(key, body, facts) {
      try {
        const { ETag } = await client.send(
          new PutObjectCommand({ Bucket: content, Key: key, Body: body, IfNoneMatch: "*", ...factsIn(facts) }),
        );
        return { outcome: "created", bytes: body.length, etag: present(ETag, "the ETag of a new object") };
      } catch (error) {
        if (!isPreconditionFailed(error) && !isConflict(error)) throw error;
        const there = await head(key);
        if (there) return { outcome: "exists", ...there };
        throw new RetryableError("content_conflict", { cause: error, failureClass: "system" });
      }
    },
    async publish(staged, key, signal): Promise<Published> {
      const copy = staged.bytes > largestSingleCopyBytes ? copyParts : copyWhole;
      try {
        await copy(staged, key, signal);
        return "created";
      } catch (error) {
        signal.throwIfAborted();
        if (isS3Error(error, ["NoSuchKey"])) throw new StagedObjectGoneError({ cause: error });
        const isLost = isConflict(error) || isS3Error(error, TAKEN_AWAY);
        if (!isPreconditionFailed(error) && !isLost) throw error;
        // 412 may come from either of the two conditions, the others from neither: only a HEAD shows what is there.
        if (await head(key)) return "exists";
        if (isLost) throw new RetryableError("content_conflict", { cause: error, failureClass: "system" });
        throw new StagedObjectGoneError({ cause: error });
      }
    },
  };
}
