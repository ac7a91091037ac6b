import { AnyPrincipal, Effect, PolicyStatement } from "aws-cdk-lib/aws-iam";
import { Duration } from "aws-cdk-lib/core";
import type { Construct } from "constructs";
import { PrivateBucket, type PrivateBucketProps } from "./private-bucket.ts";

export interface ContentBucketProps extends Omit<PrivateBucketProps, "lifecycleRules"> {
  /** Days to keep an object, counted from when its bytes were first stored. Undefined: for ever. */
  readonly retentionDays: number | undefined;
}

/**
 * Objects named by their SHA-256. The bucket policy forbids everybody to overwrite or delete an object. Only the
 * bucket's lifecycle rules remove objects, once they are older than the environment's retention.
 */
export class ContentBucket extends PrivateBucket {
  constructor(scope: Construct, id: string, { retentionDays, ...props }: ContentBucketProps) {
    super(scope, id, {
      ...props,
      // A copy in parts takes one invocation, or a few that follow each other. So an upload that is a day old was
      // abandoned.
      lifecycleRules: [
        { id: "AbortForgottenCopies", abortIncompleteMultipartUploadAfter: Duration.days(1) },
        ...(retentionDays === undefined ? [] : [{ id: "ForgetOldContent", expiration: Duration.days(retentionDays) }]),
      ],
    });
    const denied = { effect: Effect.DENY, principals: [new AnyPrincipal()], resources: [this.arnForObjects("*")] };

    // PutObject, CopyObject and CompleteMultipartUpload create objects and can carry If-None-Match. Creating an upload
    // and uploading or copying its parts also need s3:PutObject, but create no object and cannot carry the header.
    this.addToResourcePolicy(
      new PolicyStatement({
        ...denied,
        sid: "RefuseWritesWithoutIfNoneMatch",
        actions: ["s3:PutObject"],
        conditions: {
          Null: { "s3:if-none-match": "true" },
          Bool: { "s3:ObjectCreationOperation": "true" },
        },
      }),
    );
    // Lifecycle rules are not subject to bucket policies. An administrator who has to delete an object must remove this
    // statement first.
    this.addToResourcePolicy(
      new PolicyStatement({
        ...denied,
        sid: "RefuseDeletes",
        actions: ["s3:DeleteObject", "s3:DeleteObjectVersion"],
      }),
    );
  }
}
