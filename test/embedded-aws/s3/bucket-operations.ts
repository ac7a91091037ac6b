import { receiveText } from "./body.ts";
import { S3Error } from "./errors.ts";
import { isoTime, xmlReply, type Handlers } from "./reply.ts";
import { wholeNumber, type S3Request } from "./request.ts";
import { quoted } from "./xml.ts";

const PAGE = 1000;

export const bucketOperations = {
  async ListBuckets(_request, { buckets }) {
    const Bucket = buckets.list().map(({ name, createdMs }) => ({ Name: name, CreationDate: isoTime(createdMs) }));
    return xmlReply("ListAllMyBucketsResult", { Buckets: { Bucket } });
  },

  async CreateBucket(request, { buckets, objects }) {
    await receiveText(request);
    await buckets.create(request.bucket);
    await objects.prepareFolder(request.bucket);
    return { status: 200, headers: { location: `/${request.bucket}` } };
  },

  async HeadBucket() {
    return { status: 200, headers: { "x-amz-bucket-region": "us-east-1" } };
  },

  async PutBucketPolicy(request, { buckets }) {
    await buckets.configure(request.bucket, { policy: await receiveText(request) });
    return { status: 204 };
  },

  async GetBucketPolicy(request, { buckets }) {
    const { policy } = buckets.get(request.bucket);
    if (policy === undefined) throw new S3Error("NoSuchBucketPolicy", `Bucket ${request.bucket} has no policy.`);
    return { status: 200, headers: { "content-type": "application/json" }, body: policy };
  },

  async PutBucketLifecycleConfiguration(request, { buckets }) {
    await buckets.configure(request.bucket, { lifecycle: await receiveText(request) });
    return { status: 200 };
  },

  async GetBucketLifecycleConfiguration(request, { buckets }) {
    const { lifecycle } = buckets.get(request.bucket);
    if (lifecycle === undefined) {
      throw new S3Error("NoSuchLifecycleConfiguration", `Bucket ${request.bucket} has no lifecycle configuration.`);
    }
    return { status: 200, headers: { "content-type": "application/xml" }, body: lifecycle };
  },

  async ListObjectsV2(request, { objects }) {
    const { bucket, query } = request;
    const prefix = query.get("prefix") ?? "";
    const startAfter = query.get("start-after") ?? "";
    const token = query.get("continuation-token");
    const most = wholeNumber(request, "max-keys", 0, PAGE, PAGE);
    const after = token === null ? startAfter : Buffer.from(token, "base64url").toString("utf8");
    const delimiter = query.get("delimiter") ?? "";
    const folders = new Set<string>();
    const contents: { Key: string; LastModified: string; ETag: string; Size: number; StorageClass: string }[] = [];
    let lastKey = after;
    let isTruncated = false;
    for await (const key of objects.keys(bucket, { prefix, after })) {
      const folder = folderIn(key, prefix, delimiter);
      if (folder === undefined || !folders.has(folder)) {
        const found = contents.length + folders.size;
        isTruncated = found === most && most > 0;
        if (found === most) break;
      }
      if (folder !== undefined) {
        lastKey = key;
        folders.add(folder);
        continue;
      }
      const object = await objects.find({ bucket, key });
      if (object === undefined) continue;
      lastKey = key;
      contents.push({
        Key: listedKey(request, key),
        LastModified: isoTime(object.lastModifiedMs),
        ETag: quoted(object.etag),
        Size: object.bytes,
        StorageClass: "STANDARD",
      });
    }
    return xmlReply("ListBucketResult", {
      Name: bucket,
      Prefix: listedKey(request, prefix),
      StartAfter: startAfter === "" ? undefined : listedKey(request, startAfter),
      MaxKeys: most,
      Delimiter: delimiter === "" ? undefined : listedKey(request, delimiter),
      KeyCount: contents.length + folders.size,
      IsTruncated: isTruncated,
      ContinuationToken: token ?? undefined,
      NextContinuationToken: isTruncated ? Buffer.from(lastKey).toString("base64url") : undefined,
      EncodingType: query.get("encoding-type") ?? undefined,
      Contents: contents,
      CommonPrefixes: [...folders].map((folder) => ({ Prefix: listedKey(request, folder) })),
    });
  },
} satisfies Partial<Handlers>;

/** What stands for all keys that have the same beginning up to the delimiter. */
function folderIn(key: string, prefix: string, delimiter: string): string | undefined {
  const end = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
  return end < 0 ? undefined : key.slice(0, end + delimiter.length);
}

/** XML cannot carry every character that keys may contain. Clients that need them ask for encoding-type=url. */
export function listedKey(request: S3Request, key: string): string {
  if (request.query.get("encoding-type") !== "url") return key;
  return encodeURIComponent(key).replaceAll("%2F", "/");
}
