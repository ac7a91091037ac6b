import { PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Archive } from "../../../core/ports/archive.ts";

const compress = promisify(gzip);

/** Node's gzip output contains neither time nor file name, so the same text always gives the same bytes. */
export const s3Archive = (client: S3Client, bucket: string): Archive => ({
  async put(key, text) {
    await client.send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: await compress(text),
        ContentType: "application/x-ndjson",
        ContentEncoding: "gzip",
      }),
    );
  },
});
