import { Duration } from "aws-cdk-lib/core";
import type { Construct } from "constructs";
import { UPLOADS_KEPT_DAYS } from "../environments/limits.ts";
import type { AccessLogBucket } from "./access-log-bucket.ts";
import { PrivateBucket } from "./private-bucket.ts";

export interface StagingBucketProps {
  readonly protectData: boolean;
  readonly accessLogs: AccessLogBucket;
}

/** Where bodies are streamed to before they are verified. Nothing in it is needed for longer than a transfer. */
export class StagingBucket extends PrivateBucket {
  constructor(scope: Construct, id: string, { protectData, accessLogs }: StagingBucketProps) {
    super(scope, id, {
      protectData,
      accessLogs,
      // A safety net for anything that the reconciler's sweep misses.
      lifecycleRules: [
        { id: "AbortForgottenUploads", abortIncompleteMultipartUploadAfter: Duration.days(UPLOADS_KEPT_DAYS) },
        { id: "RemoveForgottenObjects", expiration: Duration.days(7) },
      ],
    });
  }
}
