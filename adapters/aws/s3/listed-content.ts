import { ListObjectsV2Command, type S3Client } from "@aws-sdk/client-s3";
import { present } from "../../../core/model/present.ts";
import { headObject } from "./errors.ts";

export interface ListedObject {
  readonly key: string;
  readonly bytes: number;
  readonly modifiedAtMs: number;
}

export interface ListedPage {
  readonly objects: readonly ListedObject[];
  /** Where the next page begins. Undefined: this was the last one. */
  readonly next?: string;
}

/** A page of the content, in the order of keys: up to 1,000 objects. */
export async function listedContent(client: S3Client, bucket: string, from?: string): Promise<ListedPage> {
  const { Contents = [], NextContinuationToken: next } = await client.send(
    new ListObjectsV2Command({ Bucket: bucket, Prefix: "sha256/", ContinuationToken: from }),
  );
  const objects = Contents.map(({ Key, LastModified, Size }) => ({
    key: present(Key, "the key of a listed object"),
    bytes: present(Size, "the size of a listed object"),
    modifiedAtMs: present(LastModified, "the time of a listed object").getTime(),
  }));
  return { objects, ...(next !== undefined && { next }) };
}

/** @returns undefined if there is no such object. */
export const bytesOfContent = async (client: S3Client, bucket: string, key: string): Promise<number | undefined> =>
  (await headObject(client, bucket, key))?.bytes;
