import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type IBucket,
  type LifecycleRule,
  ObjectOwnership,
} from "aws-cdk-lib/aws-s3";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { RemovalPolicy } from "aws-cdk-lib/core";
import type { Construct } from "constructs";

export interface PrivateBucketProps {
  readonly protectData: boolean;
  readonly lifecycleRules: LifecycleRule[];
  /** Undefined: S3's own. */
  readonly encryptionKey?: IKey | undefined;
  /** Where S3 logs the requests to this bucket; the key prefix is the bucket's construct id in lower case. */
  readonly accessLogs?: Bucket;
}

/** A bucket that blocks all public access and refuses requests without TLS. */
export class PrivateBucket extends Bucket {
  constructor(scope: Construct, id: string, props: PrivateBucketProps) {
    const { accessLogs, encryptionKey, lifecycleRules, protectData } = props;
    super(scope, id, {
      lifecycleRules,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      // A key for the bucket saves most of the requests to KMS, each of which costs.
      ...(encryptionKey
        ? { encryption: BucketEncryption.KMS, encryptionKey, bucketKeyEnabled: true }
        : { encryption: BucketEncryption.S3_MANAGED }),
      enforceSSL: true,
      removalPolicy: protectData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
      // The library's own Bucket is not an IBucket under exactOptionalPropertyTypes.
      ...(accessLogs && {
        serverAccessLogsBucket: accessLogs as IBucket,
        serverAccessLogsPrefix: `${id.toLowerCase()}/`,
      }),
    });
  }
}
