import { PolicyStatement, type Role } from "aws-cdk-lib/aws-iam";
import type { Bucket, CfnBucket } from "aws-cdk-lib/aws-s3";
import { Stack, Validations } from "aws-cdk-lib/core";

/** Exactly these actions on exactly this resource; CDK's own `grant...` methods allow more than our code calls. */
export function permit(role: Role, resource: string, actions: readonly string[]): void {
  role.addToPolicy(new PolicyStatement({ actions: [...actions], resources: [resource] }));
}

/** For the actions of a service that takes them for nothing less than everything; say who says so. */
export function permitEverywhere(role: Role, actions: readonly string[], reason: string): void {
  permit(role, "*", actions);
  Validations.of(role).acknowledge({ id: "AwsSolutions-IAM5[Resource::*]", reason });
}

/** As `permit`, for the objects of a bucket whose keys match the pattern. */
export function permitObjects(role: Role, bucket: Bucket, keyPattern: string, actions: readonly string[]): void {
  permit(role, bucket.arnForObjects(keyPattern), actions);
  const bucketId = Stack.of(bucket).getLogicalId(bucket.node.defaultChild as CfnBucket);
  Validations.of(role).acknowledge({
    id: `AwsSolutions-IAM5[Resource::<${bucketId}.Arn>/${keyPattern}]`,
    reason:
      "Object keys are made at run time from job ids and hashes; the pattern is the prefix that all of them share.",
  });
}
