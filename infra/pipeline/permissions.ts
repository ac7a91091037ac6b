import { PolicyStatement, type Role } from "aws-cdk-lib/aws-iam";
import type { Bucket } from "aws-cdk-lib/aws-s3";
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
  // The role's stack imports the bucket's ARN, and cdk-nag names it as CloudFormation does.
  const owner = Stack.of(bucket);
  const imported = owner.resolve(owner.exportValue(bucket.bucketArn)) as { readonly "Fn::ImportValue": string };
  Validations.of(role).acknowledge({
    id: `AwsSolutions-IAM5[Resource::${imported["Fn::ImportValue"]}/${keyPattern}]`,
    reason:
      "Object keys are made at run time from job ids and hashes; the pattern is the prefix that all of them share.",
  });
}
