import { AnyPrincipal, Effect, PolicyStatement } from "aws-cdk-lib/aws-iam";
import { Duration } from "aws-cdk-lib/core";
import type { Construct } from "constructs";
import type { AccessLogBucket } from "./access-log-bucket.ts";
import { PrivateBucket } from "./private-bucket.ts";

export interface ContentBucketProps {
  readonly protectData: boolean;
  readonly accessLogs: AccessLogBucket;
  /** From when the bytes were first stored; undefined: for ever. */
  readonly retentionDays: number | undefined;
}

/**
 * Objects under their SHA-256. What is there is never written again and never deleted: S3 refuses it, to everybody. Only
 * its own lifecycle may remove what has been there for longer than the environment keeps it.
 */
export class ContentBucket extends PrivateBucket {
  constructor(scope: Construct, id: string, { protectData, accessLogs, retentionDays }: ContentBucketProps) {
    super(scope, id, {
      protectData,
      accessLogs,
      // Every copy is over within one invocation.
      lifecycleRules: [
        { id: "AbortForgottenCopies", abortIncompleteMultipartUploadAfter: Duration.days(1) },
        ...(retentionDays === undefined ? [] : [{ id: "ForgetOldContent", expiration: Duration.days(retentionDays) }]),
      ],
    });

    // PutObject, CopyObject and CompleteMultipartUpload create objects and can carry If-None-Match. Creating an upload
    // and uploading or copying its parts need s3:PutObject too, but create nothing and cannot carry it.
    this.addToResourcePolicy(
      new PolicyStatement({
        sid: "RefuseWritesWithoutIfNoneMatch",
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions: ["s3:PutObject"],
        resources: [this.arnForObjects("*")],
        conditions: {
          Null: { "s3:if-none-match": "true" },
          Bool: { "s3:ObjectCreationOperation": "true" },
        },
      }),
    );
    // Lifecycle rules are not subject to bucket policies. An administrator who must delete removes this statement first.
    this.addToResourcePolicy(
      new PolicyStatement({
        sid: "RefuseDeletes",
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions: ["s3:DeleteObject", "s3:DeleteObjectVersion"],
        resources: [this.arnForObjects("*")],
      }),
    );
  }
}
