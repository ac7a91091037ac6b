import { PolicyStatement, type Role } from "aws-cdk-lib/aws-iam";
import type { Bucket } from "aws-cdk-lib/aws-s3";
import { Stack, Validations } from "aws-cdk-lib/core";

/** Allows exactly these actions on exactly this resource. The CDK's `grant...` methods allow more than we call. */
export function permit(role: Role, resource: string, actions: readonly string[]): void {
  role.addToPolicy(new PolicyStatement({ actions: [...actions], resources: [resource] }));
}

/**
 * Allows actions on all resources (`*`), for services that accept no narrower resource.
 * @param reason says so and names its source.
 */
export function permitEverywhere(role: Role, actions: readonly string[], reason: string): void {
  permit(role, "*", actions);
  Validations.of(role).acknowledge({ id: "AwsSolutions-IAM5[Resource::*]", reason });
}

/** Allows exactly these actions on the objects of the bucket whose keys match the pattern. */
export function permitObjects(role: Role, bucket: Bucket, keyPattern: string, actions: readonly string[]): void {
  permit(role, bucket.arnForObjects(keyPattern), actions);
  // The role's stack imports the bucket's ARN. cdk-nag's finding contains the name of that import.
  const owner = Stack.of(bucket);
  const imported = owner.resolve(owner.exportValue(bucket.bucketArn)) as { readonly "Fn::ImportValue": string };
  Validations.of(role).acknowledge({
    id: `AwsSolutions-IAM5[Resource::${imported["Fn::ImportValue"]}/${keyPattern}]`,
    reason:
      "Object keys are made at run time, by us from job ids and hashes, or by Lambda; the pattern is their common prefix.",
  });
}
