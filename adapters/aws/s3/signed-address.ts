import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { create } from "content-disposition";
import { isEmulated } from "../tuned.ts";

export interface SignedObject {
  readonly bucket: string;
  readonly key: string;
  /** The name under which a browser saves it. */
  readonly fileName: string;
  /** 1,000 to 604,800,000: S3 accepts no other time. */
  readonly validForMs: number;
}

/** An address from which anybody can read the object, signed with the caller's own credentials. It asks nobody. */
export async function signedAddress(environment: NodeJS.ProcessEnv, object: SignedObject): Promise<string> {
  const { bucket, fileName, key, validForMs } = object;
  // A client as it is: what `createS3` makes of one is for requests, whose signer signs no addresses.
  const client = new S3Client({ forcePathStyle: isEmulated(environment, "S3") });
  const command = new GetObjectCommand({
    Bucket: bucket,
    Key: key,
    ResponseContentDisposition: create(fileName),
  });
  return getSignedUrl(client, command, { expiresIn: Math.floor(validForMs / 1000) });
}
