import { Duration } from "aws-cdk-lib/core";
import type { Construct } from "constructs";
import { PrivateBucket } from "./private-bucket.ts";

/** Who touched which object: S3's own record of every request to the other buckets. */
export class AccessLogBucket extends PrivateBucket {
  constructor(scope: Construct, id: string, props: { readonly protectData: boolean }) {
    super(scope, id, { ...props, lifecycleRules: [{ id: "ForgetOldLogs", expiration: Duration.days(90) }] });
  }
}
