import { PolicyStatement, type Role } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import type { Bucket, IBucket } from "aws-cdk-lib/aws-s3";
import { Stack, Validations } from "aws-cdk-lib/core";
import { KEY_ACTIONS } from "../shared/key-actions.ts";

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

/** Lets the services that a function calls use a customer's key for it. They ask with the function's permissions. */
export function permitKey(role: Role, { keyArn }: IKey): void {
  permit(role, keyArn, KEY_ACTIONS);
}

/** Lets Lambda connect a function to a VPC. */
export function permitNetwork(role: Role): void {
  permitEverywhere(
    role,
    [
      "ec2:CreateNetworkInterface",
      "ec2:DescribeNetworkInterfaces",
      "ec2:DescribeSubnets",
      "ec2:DeleteNetworkInterface",
      "ec2:AssignPrivateIpAddresses",
      "ec2:UnassignPrivateIpAddresses",
    ],
    "Lambda checks these on all resources before it connects a function to a VPC, says its manual.",
  );
}

/** Allows exactly these actions on the objects of the bucket whose keys match the pattern. */
export function permitObjects(
  role: Role,
  bucket: IBucket | Bucket,
  keyPattern: string,
  actions: readonly string[],
): void {
  permit(role, bucket.arnForObjects(keyPattern), actions);
  Validations.of(role).acknowledge({
    id: `AwsSolutions-IAM5[Resource::${arnInFindings(role, bucket)}/${keyPattern}]`,
    reason:
      "Object keys are made at run time, by us from job ids and hashes, or by Lambda; the pattern is their common prefix.",
  });
}

/** The bucket's ARN as findings of cdk-nag have it: for a bucket of another stack, the name of the import. */
function arnInFindings(role: Role, bucket: IBucket | Bucket): string {
  const owner = Stack.of(bucket);
  const arn = owner.resolve(bucket.bucketArn) as Intrinsic;
  const isImported = owner !== Stack.of(role) && typeof arn !== "string" && "Fn::GetAtt" in arn;
  return flat(isImported ? (owner.resolve(owner.exportValue(bucket.bucketArn)) as Intrinsic) : arn);
}

type Intrinsic =
  | string
  | { readonly Ref: string }
  | { readonly "Fn::GetAtt": readonly [string, string] }
  | { readonly "Fn::ImportValue": string }
  | { readonly "Fn::Join": readonly [string, readonly Intrinsic[]] };

function flat(value: Intrinsic): string {
  if (typeof value === "string") return value;
  if ("Ref" in value) return `<${value.Ref}>`;
  if ("Fn::GetAtt" in value) return `<${value["Fn::GetAtt"].join(".")}>`;
  if ("Fn::ImportValue" in value) return value["Fn::ImportValue"];
  const [separator, parts] = value["Fn::Join"];
  return parts.map(flat).join(separator);
}
