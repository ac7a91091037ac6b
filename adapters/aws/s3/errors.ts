import { present } from "../../../core/model/present.ts";
import { HeadObjectCommand, S3ServiceException, type S3Client } from "@aws-sdk/client-s3";

export const isS3Error = (error: unknown, names: readonly string[]): boolean =>
  error instanceof S3ServiceException && names.includes(error.name);

export const isPreconditionFailed = (error: unknown): boolean =>
  error instanceof S3ServiceException && error.$metadata.httpStatusCode === 412;

/** 409: a concurrent delete or write won. It says nothing about what is there now. */
export const isConflict = (error: unknown): boolean =>
  error instanceof S3ServiceException && error.$metadata.httpStatusCode === 409;

/** S3 will not answer otherwise if it is asked again: the request is at fault, and not S3 or the network. */
export const isRefusal = (error: unknown): boolean =>
  error instanceof S3ServiceException && (error.$metadata.httpStatusCode ?? 500) < 500;

/** @returns undefined when there is no object under the key. */
export async function headObject(
  client: S3Client,
  bucket: string,
  key: string,
): Promise<{ bytes: number; etag: string } | undefined> {
  try {
    const { ContentLength, ETag } = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
    return {
      bytes: present(ContentLength, "the length of an object"),
      etag: present(ETag, "the ETag of an object"),
    };
  } catch (error) {
    if (isS3Error(error, ["NotFound", "NoSuchKey"])) return undefined;
    throw error;
  }
}
