/** The least that a download takes, without any protocol: GET, SHA-256, S3. The worker is compared with this loop. */
import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { createSHA256 } from "hash-wasm";
import { createHash } from "node:crypto";
import http from "node:http";
import pMap from "p-map";
import { z } from "zod";
import { MIB } from "./harness/measurement.ts";

const PART_BYTES = 8 * MIB;
const UPLOADS_AT_A_TIME = 4;
const FILES_AT_A_TIME = 10;

const order = z.object({
  bucket: z.string(),
  urls: z.array(z.string()),
  as: z.enum(["parts", "parts, resumable hash", "objects"]),
});

const s3 = new S3Client({ forcePathStyle: true });
const agent = new http.Agent({ keepAlive: true });

const get = async (url: string): Promise<http.IncomingMessage> =>
  new Promise((resolve, reject) => {
    http.get(url, { agent }, resolve).once("error", reject);
  });

interface RunningHash {
  update(bytes: Uint8Array): unknown;
  digest(encoding: "hex"): string;
}

async function uploadInParts(bucket: string, url: string, hash: RunningHash): Promise<void> {
  const at = { Bucket: bucket, Key: `bare-loop/${hash.constructor.name}` };
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand(at));
  const underWay = new Set<Promise<unknown>>();
  let part = Buffer.allocUnsafe(PART_BYTES);
  let filled = 0;
  let partNumber = 0;

  const send = async (): Promise<void> => {
    const body = part.subarray(0, filled);
    hash.update(body);
    partNumber += 1;
    if (underWay.size === UPLOADS_AT_A_TIME) await Promise.race(underWay);
    const upload = s3.send(new UploadPartCommand({ ...at, UploadId, PartNumber: partNumber, Body: body }));
    underWay.add(upload);
    void upload.finally(() => underWay.delete(upload));
    part = Buffer.allocUnsafe(PART_BYTES);
    filled = 0;
  };

  for await (const chunk of (await get(url)) as AsyncIterable<Buffer>) {
    for (let rest = chunk; rest.length > 0;) {
      const copied = rest.copy(part, filled);
      filled += copied;
      rest = rest.subarray(copied);
      if (filled === part.length) await send();
    }
  }
  if (filled > 0) await send();
  await Promise.all(underWay);
  hash.digest("hex");
  await s3.send(new AbortMultipartUploadCommand({ ...at, UploadId }));
}

async function putWhole(bucket: string, url: string, index: number): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of (await get(url)) as AsyncIterable<Buffer>) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const sha256 = createHash("sha256").update(body).digest("hex");
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: `bare-loop/${index}/${sha256}`, Body: body }));
}

process.on("disconnect", () => process.exit());
process.on("message", (message) => {
  const { bucket, urls, as } = order.parse(message);
  const work =
    as === "objects"
      ? pMap(urls, async (url, index) => putWhole(bucket, url, index), { concurrency: FILES_AT_A_TIME })
      : pMap(
          urls,
          async (url) =>
            uploadInParts(bucket, url, as === "parts" ? createHash("sha256") : (await createSHA256()).init()),
          { concurrency: 1 },
        );
  void work.then(() => process.send?.("done"));
});
process.send?.("ready");
