import { HeadObjectCommand, paginateListObjectsV2, type S3Client } from "@aws-sdk/client-s3";
import { LISTS_FOLDER } from "../../../core/lists/list-record.ts";
import { present } from "../../../core/model/present.ts";
import type { InputItem, InputOptions } from "../../../core/ports/list-items.ts";
import { type FoundList, type Lists, UnusableListError } from "../../../core/ports/lists.ts";
import { listItems } from "../../lists/list-items.ts";
import { BytesUnavailableError, type RandomBytes } from "../../lists/random-bytes.ts";
import { headObject, isPreconditionFailed, isS3Error } from "./errors.ts";
import { type PartOfObject, readObject } from "./read-object.ts";

type Version = Pick<FoundList, "etag" | "key">;

const GONE = "it was removed or replaced before all of it was read; put it again";

/** The lists below `lists/` in a bucket. */
export function s3Lists(client: S3Client, bucket: string, sleep: (ms: number) => Promise<void>): Lists {
  const bytesOf = (key: string, part: PartOfObject): AsyncGenerator<Uint8Array> =>
    readObject(client, { bucket, key }, sleep, part);
  return {
    nameOf: (key) => `s3://${bucket}/${key}`,
    async *found() {
      const folder = { Bucket: bucket, Prefix: LISTS_FOLDER };
      for await (const { Contents = [] } of paginateListObjectsV2({ client }, folder))
        yield Contents.map(({ ETag, Key, LastModified }) => ({
          key: present(Key, "the key of an object"),
          etag: present(ETag, "the ETag of an object"),
          modifiedAtMs: present(LastModified, "when an object was written").getTime(),
        })).filter(({ key }) => !isFolder(key));
    },
    async wishes({ etag, key }) {
      try {
        const { Metadata = {} } = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key, IfMatch: etag }));
        return Metadata;
      } catch (error) {
        throw isGone(error) ? new UnusableListError(GONE, { cause: error }) : error;
      }
    },
    items: (list, options) => itemsOf(list, options),
  };

  async function* itemsOf({ etag, key }: Version, options: InputOptions): AsyncGenerator<readonly InputItem[]> {
    const stream = bytesOf(key, { etag });
    try {
      const openWhole = async (): Promise<RandomBytes> => {
        // Its connection would be idle while the pieces are read.
        await stream.return(undefined);
        return open({ etag, key });
      };
      yield* listItems({ name: key, stream, open: openWhole }, options);
    } catch (error) {
      throw isGone(causeOf(error)) ? new UnusableListError(GONE, { cause: error }) : error;
    } finally {
      await stream.return(undefined);
    }
  }

  async function open({ etag, key }: Version): Promise<RandomBytes> {
    const { bytes: byteLength } = present(await headObject(client, bucket, key), "a list that is being read");
    return {
      byteLength,
      async slice(from, to = byteLength) {
        const bytes = new Uint8Array(to - from);
        let at = 0;
        try {
          for await (const chunk of bytesOf(key, { etag, from, to })) {
            bytes.set(chunk, at);
            at += chunk.length;
          }
        } catch (error) {
          throw new BytesUnavailableError(String(error), { cause: causeOf(error) });
        }
        return bytes.buffer;
      },
      close: async () => Promise.resolve(),
    };
  }
}

/** What the console makes when somebody creates a folder. */
const isFolder = (key: string): boolean => key.endsWith("/");

const isGone = (error: unknown): boolean => isPreconditionFailed(error) || isS3Error(error, ["NotFound", "NoSuchKey"]);

const causeOf = (error: unknown): unknown => (error instanceof Error ? (error.cause ?? error) : error);
