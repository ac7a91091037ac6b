import { present } from "../../../core/model/present.ts";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  UploadPartCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { UploadGoneError } from "../../../core/model/errors.ts";
import type { StagedUpload, Staging, StagingLitter } from "../../../core/ports/staging.ts";
import { headObject, isS3Error } from "./errors.ts";
import { listParts } from "./parts.ts";
import { streamedUpload } from "./streamed-part.ts";

const UPLOAD_GONE = ["NoSuchUpload", "InvalidPart", "InvalidPartOrder", "EntityTooSmall"];

/** The sweep's cursor: first all uploads, then all objects, each from a key on. */
interface Place {
  readonly of: "uploads" | "objects";
  readonly key: string;
  readonly uploadId?: string;
}

interface Listing {
  readonly found: readonly StagingLitter[];
  readonly next?: Place;
}

const unlessGone = async <T>(call: Promise<T>): Promise<T> => {
  try {
    return await call;
  } catch (error) {
    throw isS3Error(error, UPLOAD_GONE) ? new UploadGoneError({ cause: error }) : error;
  }
};

export function s3Staging(client: S3Client, bucket: string): Staging {
  const at = ({ key, uploadId }: StagedUpload) => ({ Bucket: bucket, Key: key, UploadId: uploadId });

  const head = async (key: string) => headObject(client, bucket, key);

  const uploadsFrom = async (place: Place | undefined, limit: number): Promise<Listing> => {
    const page = await client.send(
      new ListMultipartUploadsCommand({
        Bucket: bucket,
        MaxUploads: limit,
        ...(place && { KeyMarker: place.key, UploadIdMarker: place.uploadId }),
      }),
    );
    const found = (page.Uploads ?? []).map(({ Key, UploadId, Initiated }) => ({
      key: present(Key, "the key of a listed upload"),
      uploadId: present(UploadId, "the id of a listed upload"),
      createdMs: present(Initiated, "the start of a listed upload").getTime(),
    }));
    if (!page.IsTruncated) return { found };
    return {
      found,
      next: {
        of: "uploads",
        key: present(page.NextKeyMarker, "the key marker of a truncated list"),
        uploadId: present(page.NextUploadIdMarker, "the upload marker of a truncated list"),
      },
    };
  };

  const objectsFrom = async (place: Place | undefined, limit: number): Promise<Listing> => {
    const page = await client.send(
      new ListObjectsV2Command({ Bucket: bucket, MaxKeys: limit, ...(place?.key && { StartAfter: place.key }) }),
    );
    const found = (page.Contents ?? []).map(({ Key, LastModified }) => ({
      key: present(Key, "the key of a listed object"),
      createdMs: present(LastModified, "the age of a listed object").getTime(),
    }));
    const last = found.at(-1);
    return page.IsTruncated && last ? { found, next: { of: "objects", key: last.key } } : { found };
  };

  /** Objects follow the last upload in the same page, so that every sweep sees a nearly empty bucket as a whole. */
  const listFrom = async (place: Place | undefined, limit: number): Promise<Listing> => {
    if (place?.of === "objects") return objectsFrom(place, limit);
    const uploads = await uploadsFrom(place, limit);
    if (uploads.next) return uploads;
    const left = limit - uploads.found.length;
    if (left <= 0) return { found: uploads.found, next: { of: "objects", key: "" } };
    const objects = await objectsFrom(undefined, left);
    return { ...objects, found: [...uploads.found, ...objects.found] };
  };

  return {
    head,

    async put(key, body, contentType) {
      const { ETag } = await client.send(
        new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ContentType: contentType }),
      );
      return { etag: present(ETag, "the ETag of a staged object") };
    },

    async createUpload(key, contentType) {
      const { UploadId } = await client.send(
        new CreateMultipartUploadCommand({ Bucket: bucket, Key: key, ContentType: contentType }),
      );
      return { key, uploadId: present(UploadId, "the id of a new upload") };
    },

    async uploadPart(upload, partNumber, body) {
      const { ETag } = await unlessGone(
        client.send(new UploadPartCommand({ ...at(upload), PartNumber: partNumber, Body: body })),
      );
      return { etag: present(ETag, "the ETag of an uploaded part") };
    },

    async streamPart(upload, partNumber, pieces, bytes) {
      const part = streamedUpload({ ...at(upload), PartNumber: partNumber }, pieces, bytes);
      try {
        const { ETag } = await unlessGone(client.send(part.command));
        return { etag: present(ETag, "the ETag of an uploaded part") };
      } finally {
        await part.end();
      }
    },

    async listParts(upload) {
      return listParts(client, at(upload));
    },

    async completeUpload(upload, parts) {
      const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
      try {
        const { ETag } = await client.send(
          new CompleteMultipartUploadCommand({
            ...at(upload),
            MpuObjectSize: bytes,
            MultipartUpload: { Parts: parts.map(({ partNumber, etag }) => ({ PartNumber: partNumber, ETag: etag })) },
          }),
        );
        return { etag: present(ETag, "the ETag of a completed upload") };
      } catch (error) {
        // An earlier Complete may have been applied although its answer was lost.
        const there = await head(upload.key);
        if (there?.bytes === bytes) return { etag: there.etag };
        throw isS3Error(error, UPLOAD_GONE) ? new UploadGoneError({ cause: error }) : error;
      }
    },

    async abortUpload(upload) {
      try {
        await client.send(new AbortMultipartUploadCommand(at(upload)));
      } catch (error) {
        if (!isS3Error(error, ["NoSuchUpload"])) throw error;
      }
    },

    async delete(key) {
      await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
    },

    async litter(from, limit) {
      const { found, next } = await listFrom(from === undefined ? undefined : (JSON.parse(from) as Place), limit);
      return next ? { found, next: JSON.stringify(next) } : { found };
    },
  };
}
