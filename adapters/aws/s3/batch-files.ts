import { GetObjectCommand, paginateListObjectsV2, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { BATCHES_FOLDER } from "../../../core/batches/batch-lines.ts";
import { present } from "../../../core/model/present.ts";
import type { BatchFiles } from "../../../core/ports/batch-files.ts";
import { isS3Error } from "./errors.ts";

const compress = promisify(gzip);
const decompress = promisify(gunzip);
const isCompressed = (key: string): boolean => key.endsWith(".gz");

/** The endings say what files hold, as tools expect it: a `.gz` is gzip's bytes, and has no Content-Encoding. */
export const s3BatchFiles = (client: S3Client, bucket: string): BatchFiles => ({
  async read(key) {
    try {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      const bytes = await present(Body, "the body of an object").transformToByteArray();
      return (isCompressed(key) ? await decompress(bytes) : Buffer.from(bytes)).toString("utf8");
    } catch (error) {
      if (isS3Error(error, ["NoSuchKey"])) return undefined;
      throw error;
    }
  },
  async write(key, content) {
    const body = isCompressed(key) ? await compress(content) : content;
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
  },
});

/** The ids of all batches. */
export async function listedBatches(client: S3Client, bucket: string): Promise<readonly string[]> {
  const ids: string[] = [];
  const folders = { Bucket: bucket, Prefix: BATCHES_FOLDER, Delimiter: "/" };
  for await (const { CommonPrefixes = [] } of paginateListObjectsV2({ client }, folders))
    for (const { Prefix = "" } of CommonPrefixes) ids.push(Prefix.slice(BATCHES_FOLDER.length, -1));
  return ids;
}
