import { S3Client } from "@aws-sdk/client-s3";
import type { HttpRequest } from "@smithy/core/transport";
import { isEmulated, PATIENT, SIGNING, tuned } from "../tuned.ts";

/**
 * A body whose CRC-32 S3 compares before it takes it needs no SHA-256 in the signature as well: 1 CPU-s a GiB. TLS
 * protects it on its way, and the SHA-256 of content is computed as it arrives.
 */
function withoutSecondHash(client: S3Client): S3Client {
  client.middlewareStack.add(
    (next) => async (args) => {
      const { headers } = args.request as HttpRequest;
      if (headers["x-amz-checksum-crc32"] !== undefined) headers["x-amz-content-sha256"] ??= "UNSIGNED-PAYLOAD";
      return next(args);
    },
    { name: "unsignedPayload", step: "build", priority: "low", override: true },
  );
  return client;
}

export const createS3 = (environment: NodeJS.ProcessEnv): S3Client =>
  withoutSecondHash(
    // Emulators expect the bucket in the path, not in the host name.
    tuned(new S3Client({ ...SIGNING, requestHandler: PATIENT, forcePathStyle: isEmulated(environment, "S3") })),
  );
