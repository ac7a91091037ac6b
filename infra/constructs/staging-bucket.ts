import { Duration } from "aws-cdk-lib/core";
import type { Construct } from "constructs";
import type { AccessLogBucket } from "./access-log-bucket.ts";
import { PrivateBucket } from "./private-bucket.ts";

export interface StagingBucketProps {
  readonly protectData: boolean;
  readonly accessLogs: AccessLogBucket;
}

/** An upload outlives the longest chain of invocations that may carry it. */
export const UPLOADS_KEPT_DAYS = 3;

/** Where bodies stream to before anything is known about them. Nothing in it is needed for longer than a transfer. */
export class StagingBucket extends PrivateBucket {
  constructor(scope: Construct, id: string, { protectData, accessLogs }: StagingBucketProps) {
    super(scope, id, {
      protectData,
      accessLogs,
      // The last net under the reconciler's sweep.
      lifecycleRules: [
        { id: "AbortForgottenUploads", abortIncompleteMultipartUploadAfter: Duration.days(UPLOADS_KEPT_DAYS) },
        { id: "RemoveForgottenObjects", expiration: Duration.days(7) },
      ],
    });
  }
}
