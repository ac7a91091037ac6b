import { UsageError } from "../terminal/usage-error.ts";
import type { RemoteList } from "./list-file.ts";

const S3 = /^s3:\/\/([^/]+)\/(.+)$/i;

/**
 * The list under a URL of S3; undefined of anything else. The SDK is loaded when its bytes are read.
 * @throws UsageError if the URL names no object.
 */
export function s3List(
  list: string,
  env: Readonly<NodeJS.ProcessEnv>,
  sleep: (ms: number) => Promise<void>,
): RemoteList | undefined {
  if (!/^s3:/i.test(list)) return undefined;
  const [, bucket, key] = S3.exec(list) ?? [];
  if (bucket === undefined || key === undefined)
    throw new UsageError(`${list} names no object of S3. Write s3://BUCKET/KEY.`);
  return { name: list, bytes: bytesOf(list, { bucket, key }, env, sleep) };
}

async function* bytesOf(
  list: string,
  object: { readonly bucket: string; readonly key: string },
  env: Readonly<NodeJS.ProcessEnv>,
  sleep: (ms: number) => Promise<void>,
): AsyncGenerator<Uint8Array> {
  const [{ createS3 }, { readObject, UnreadableObjectError }] = await Promise.all([
    import("../../adapters/aws/s3/client.ts"),
    import("../../adapters/aws/s3/read-object.ts"),
  ]);
  try {
    yield* readObject(createS3(env), object, sleep);
  } catch (error) {
    if (!(error instanceof UnreadableObjectError)) throw error;
    throw new UsageError(
      `Cannot read the list ${list}: ${error.message}. ` +
        "Check its name, the region (AWS_REGION) and the credentials, which need s3:GetObject.",
      { cause: error },
    );
  }
}
