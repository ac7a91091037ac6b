import { GetObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import type { Readable } from "node:stream";
import { isPreconditionFailed, isRefusal } from "./errors.ts";

/** Times that a connection may break without a byte between them. */
const MOST_BREAKS = 5;
const FIRST_WAIT_MS = 200;

/** The object cannot be read. The message says why. */
export class UnreadableObjectError extends Error {
  override readonly name = "UnreadableObjectError";
}

/** What of an object is read. Without anything: all of it, in the version that is there. */
export interface PartOfObject {
  /** Of the version that is wanted. */
  readonly etag?: string;
  readonly from?: number;
  /** The first byte that is not read. */
  readonly to?: number;
}

/**
 * The bytes of an object, all of one version. Where a connection breaks, the next one goes on.
 * @throws UnreadableObjectError if S3 refuses, if the object is replaced meanwhile, or if connections break for ever.
 */
export async function* readObject(
  client: S3Client,
  { bucket, key }: { readonly bucket: string; readonly key: string },
  sleep: (ms: number) => Promise<void>,
  { etag: wanted, from: first = 0, to }: PartOfObject = {},
): AsyncGenerator<Uint8Array> {
  let at = first;
  let etag = wanted;
  let end = to;
  for (let breaks = 0; end === undefined || at < end;) {
    const from = at;
    try {
      const { Body, ContentLength, ETag } = await client.send(
        new GetObjectCommand({
          Bucket: bucket,
          Key: key,
          ...(etag !== undefined && { IfMatch: etag }),
          ...((at > 0 || to !== undefined) && { Range: `bytes=${at}-${to === undefined ? "" : to - 1}` }),
        }),
      );
      etag ??= ETag;
      end ??= ContentLength ?? 0;
      for await (const chunk of Body as Readable as AsyncIterable<Buffer>) {
        at += chunk.length;
        yield chunk;
      }
    } catch (error) {
      if (isPreconditionFailed(error))
        throw new UnreadableObjectError("it was replaced while it was read", { cause: error });
      breaks = at > from ? 1 : breaks + 1;
      if (isRefusal(error) || breaks > MOST_BREAKS) throw new UnreadableObjectError(String(error), { cause: error });
      await sleep(FIRST_WAIT_MS * 2 ** (breaks - 1));
    }
  }
}
