import { ListPartsCommand, type S3Client } from "@aws-sdk/client-s3";
import { present } from "../../../core/model/present.ts";
import type { StagedPart } from "../../../core/ports/staging.ts";
import { isS3Error } from "./errors.ts";

export interface UploadTarget {
  readonly Bucket: string;
  readonly Key: string;
  readonly UploadId: string;
}

/** @returns all parts of an upload, ascending by number; undefined when the upload is gone. */
export async function listParts(
  client: S3Client,
  upload: UploadTarget,
  options: { readonly abortSignal?: AbortSignal } = {},
): Promise<readonly StagedPart[] | undefined> {
  const parts: StagedPart[] = [];
  let marker: string | undefined;
  try {
    do {
      const page = await client.send(
        new ListPartsCommand({ ...upload, ...(marker !== undefined && { PartNumberMarker: marker }) }),
        options,
      );
      for (const { PartNumber, ETag, Size } of page.Parts ?? []) {
        parts.push({
          partNumber: present(PartNumber, "the number of a listed part"),
          etag: present(ETag, "the ETag of a listed part"),
          bytes: present(Size, "the size of a listed part"),
        });
      }
      marker = page.IsTruncated ? page.NextPartNumberMarker : undefined;
    } while (marker !== undefined);
  } catch (error) {
    if (isS3Error(error, ["NoSuchUpload"])) return undefined;
    throw error;
  }
  return parts;
}
