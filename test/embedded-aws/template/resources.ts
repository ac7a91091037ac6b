/** Creates the resources of the synthesized template through the same APIs that CloudFormation calls. */
import {
  CreateTableCommand,
  ResourceInUseException,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import {
  BucketAlreadyExists,
  BucketAlreadyOwnedByYou,
  CreateBucketCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketPolicyCommand,
} from "@aws-sdk/client-s3";
import type { S3Client } from "@aws-sdk/client-s3";
import { CreateQueueCommand } from "@aws-sdk/client-sqs";
import type { SQSClient } from "@aws-sdk/client-sqs";
import { z } from "zod";
import { physicalNames, resolverOf } from "./template.ts";
import type { Resolver, Template } from "./template.ts";

export interface AwsClients {
  readonly dynamodb: DynamoDBClient;
  readonly s3: S3Client;
  readonly sqs: SQSClient;
}

type Maker = (clients: AwsClients, name: string, properties: unknown) => Promise<void>;

const MADE: readonly (readonly [type: string, make: Maker])[] = [
  ["AWS::DynamoDB::Table", makeTable],
  ["AWS::S3::Bucket", makeBucket],
  ["AWS::S3::BucketPolicy", makeBucketPolicy],
];

/** Types that the embedded AWS creates or reads elsewhere, and types that it ignores (roles, logs, deployments). */
const KNOWN = new Set([
  ...MADE.map(([type]) => type),
  "AWS::SQS::Queue",
  "AWS::Lambda::Function",
  "AWS::Lambda::Version",
  "AWS::Lambda::Alias",
  "AWS::Lambda::EventSourceMapping",
  "AWS::Events::EventBus",
  "AWS::Events::Rule",
  "AWS::Lambda::EventInvokeConfig",
  "AWS::Lambda::Permission",
  "AWS::IAM::Role",
  "AWS::IAM::Policy",
  "AWS::SQS::QueuePolicy",
  "AWS::Logs::LogGroup",
]);

/** @throws Error if the template has a resource of a type that the embedded AWS does not know. */
export function refuseUnknownTypes(template: Template): void {
  for (const [logicalId, { Type }] of Object.entries(template.Resources)) {
    if (!KNOWN.has(Type)) {
      throw new Error(
        `The template has a ${Type} (${logicalId}), a type that the embedded AWS does not know. ` +
          "Create it, or add it to the ignored types, in test/embedded-aws/template/resources.ts.",
      );
    }
  }
}

/**
 * Creates tables, buckets and queues. A second call with the same state changes nothing.
 * @returns the resolver for everything else in the template.
 */
export async function makeResources(template: Template, clients: AwsClients): Promise<Resolver> {
  const resolve = resolverOf(template, await makeQueues(template, clients.sqs));
  const names = physicalNames(template);
  for (const [type, make] of MADE) {
    for (const [logicalId, resource] of resourcesOf(template, type)) {
      await make(clients, names.get(logicalId) ?? logicalId, resolve(resource.Properties));
    }
  }
  return resolve;
}

export function resourcesOf(template: Template, type: string): [string, Template["Resources"][string]][] {
  return Object.entries(template.Resources).filter(([, resource]) => resource.Type === type);
}

const queueProperties = z.object({
  DelaySeconds: z.number().optional(),
  MessageRetentionPeriod: z.number().optional(),
  ReceiveMessageWaitTimeSeconds: z.number().optional(),
  RedrivePolicy: z.object({ deadLetterTargetArn: z.string(), maxReceiveCount: z.number() }).optional(),
  VisibilityTimeout: z.number().optional(),
});

async function makeQueues(template: Template, sqs: SQSClient): Promise<ReadonlyMap<string, string>> {
  const names = physicalNames(template);
  const urls = new Map<string, string>();
  const resolve = resolverOf(template, urls);
  const queues = resourcesOf(template, "AWS::SQS::Queue").map(
    ([logicalId, { Properties }]) => [logicalId, queueProperties.parse(resolve(Properties))] as const,
  );
  const deadLetterQueuesFirst = queues.toSorted(
    ([, a], [, b]) => Number(!!a.RedrivePolicy) - Number(!!b.RedrivePolicy),
  );
  for (const [logicalId, properties] of deadLetterQueuesFirst) {
    const attributes = Object.entries(properties).map(([name, value]) => [
      name,
      typeof value === "object" ? JSON.stringify(value) : String(value),
    ]);
    const created = await sqs.send(
      new CreateQueueCommand({ QueueName: names.get(logicalId), Attributes: Object.fromEntries(attributes) }),
    );
    urls.set(logicalId, z.string().parse(created.QueueUrl));
  }
  return urls;
}

const keySchema = z.array(z.object({ AttributeName: z.string(), KeyType: z.enum(["HASH", "RANGE"]) }));
const tableProperties = z.object({
  AttributeDefinitions: z.array(z.object({ AttributeName: z.string(), AttributeType: z.enum(["S", "N", "B"]) })),
  BillingMode: z.literal("PAY_PER_REQUEST"),
  KeySchema: keySchema,
  GlobalSecondaryIndexes: z
    .array(
      z.object({
        IndexName: z.string(),
        KeySchema: keySchema,
        Projection: z.object({
          ProjectionType: z.enum(["ALL", "KEYS_ONLY", "INCLUDE"]),
          NonKeyAttributes: z.array(z.string()).exactOptional(),
        }),
      }),
    )
    .exactOptional(),
  TimeToLiveSpecification: z.object({ AttributeName: z.string(), Enabled: z.boolean() }).exactOptional(),
});

async function makeTable({ dynamodb }: AwsClients, name: string, properties: unknown): Promise<void> {
  const { TimeToLiveSpecification, ...table } = tableProperties.parse(properties);
  try {
    await dynamodb.send(new CreateTableCommand({ TableName: name, ...table }));
  } catch (error) {
    if (!(error instanceof ResourceInUseException)) throw error;
    return;
  }
  await waitUntilTableExists({ client: dynamodb, minDelay: 1, maxDelay: 5, maxWaitTime: 300 }, { TableName: name });
  if (!TimeToLiveSpecification) return;
  try {
    await dynamodb.send(new UpdateTimeToLiveCommand({ TableName: name, TimeToLiveSpecification }));
  } catch (error) {
    // dynalite has no TTL. The readers of items check the expiry themselves.
    if (!(error instanceof Error && error.name === "UnknownOperationException")) throw error;
  }
}

const bucketProperties = z.object({
  LifecycleConfiguration: z
    .object({
      Rules: z.array(
        z.strictObject({
          Id: z.string(),
          Status: z.enum(["Enabled", "Disabled"]),
          Prefix: z.string().default(""),
          ExpirationInDays: z.number().optional(),
          AbortIncompleteMultipartUpload: z.object({ DaysAfterInitiation: z.number() }).optional(),
        }),
      ),
    })
    .optional(),
});

async function makeBucket({ s3 }: AwsClients, name: string, properties: unknown): Promise<void> {
  const { LifecycleConfiguration } = bucketProperties.parse(properties);
  try {
    await s3.send(new CreateBucketCommand({ Bucket: name }));
  } catch (error) {
    if (!(error instanceof BucketAlreadyOwnedByYou || error instanceof BucketAlreadyExists)) throw error;
  }
  if (!LifecycleConfiguration) return;
  await s3.send(
    new PutBucketLifecycleConfigurationCommand({
      Bucket: name,
      LifecycleConfiguration: {
        Rules: LifecycleConfiguration.Rules.map((rule) => ({
          ID: rule.Id,
          Status: rule.Status,
          Filter: { Prefix: rule.Prefix },
          Expiration: rule.ExpirationInDays === undefined ? undefined : { Days: rule.ExpirationInDays },
          AbortIncompleteMultipartUpload: rule.AbortIncompleteMultipartUpload,
        })),
      },
    }),
  );
}

const bucketPolicyProperties = z.object({ Bucket: z.string(), PolicyDocument: z.record(z.string(), z.unknown()) });

async function makeBucketPolicy({ s3 }: AwsClients, _name: string, properties: unknown): Promise<void> {
  const { Bucket, PolicyDocument } = bucketPolicyProperties.parse(properties);
  await s3.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify(PolicyDocument) }));
}
