import { Duration } from "aws-cdk-lib/core";
import type { Construct } from "constructs";
import { PrivateBucket } from "./private-bucket.ts";

/** S3's own log of every request to the other buckets: who accessed which object. Kept for 90 days. */
export class AccessLogBucket extends PrivateBucket {
  constructor(scope: Construct, id: string, props: { readonly protectData: boolean }) {
    super(scope, id, { ...props, lifecycleRules: [{ id: "ForgetOldLogs", expiration: Duration.days(90) }] });
  }
}
