import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { S3Client } from "@aws-sdk/client-s3";
import { SQSClient } from "@aws-sdk/client-sqs";
import { join } from "node:path";
import { startCloudFormation, type StackOutputs } from "./cloudformation.ts";
import { startDynamoDb } from "./dynamodb.ts";
import type { AwsClients } from "../template/resources.ts";
import { startEmbeddedS3 } from "../s3/server.ts";
import { startSqs } from "./sqs.ts";
import { REGION } from "../template/template.ts";

/** One request that an embedded service answered. */
export interface AwsRequest {
  readonly service: "s3" | "dynamodb" | "sqs";
  readonly operation: string;
  readonly key?: string;
  readonly writeUnits?: number;
  readonly readUnits?: number;
  readonly status?: number;
}

/** Bytes of a body that arrived in the staging bucket. */
export interface StagedBytes {
  readonly key: string;
  readonly bytes: number;
}

export interface AwsOptions {
  readonly stateDir: string;
  /** Folders for the objects of single buckets, by bucket name. */
  readonly bucketDirs: Readonly<Record<string, string>>;
  readonly stagingBucket: string;
  /** What CloudFormation says of stacks, by their names. */
  readonly stacks: Readonly<Record<string, StackOutputs>>;
  readonly onRequest?: ((request: AwsRequest) => void) | undefined;
  readonly onStagedBytes?: ((progress: StagedBytes) => void) | undefined;
}

export interface Aws {
  readonly clients: AwsClients;
  /** Environment variables that a process needs to reach these services. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Starts embedded services, or uses those at AWS_ENDPOINT_URL. `cleanup` stops everything that it starts. */
export async function connectAws(options: AwsOptions, cleanup: AsyncDisposableStack): Promise<Aws> {
  const { AWS_ENDPOINT_URL: external, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = process.env;
  const endpoints = external
    ? { dynamodb: external, s3: external, sqs: external }
    : await startEmbedded(options, cleanup);
  // An external emulator knows nothing of the stacks: their resources are made without it.
  const cloudFormation = await startCloudFormation(options);
  cleanup.defer(async () => cloudFormation.stop());
  const credentials = {
    accessKeyId: (external && AWS_ACCESS_KEY_ID) || "local",
    secretAccessKey: (external && AWS_SECRET_ACCESS_KEY) || "local",
  };
  const common = { region: REGION, credentials };
  const clients = {
    dynamodb: new DynamoDBClient({ ...common, endpoint: endpoints.dynamodb }),
    s3: new S3Client({ ...common, endpoint: endpoints.s3, forcePathStyle: true }),
    sqs: new SQSClient({ ...common, endpoint: endpoints.sqs }),
  };
  cleanup.defer(() => {
    for (const client of Object.values(clients)) client.destroy();
  });
  return {
    clients,
    environment: {
      AWS_REGION: REGION,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_ENDPOINT_URL_CLOUDFORMATION: cloudFormation.endpoint,
      AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamodb,
      AWS_ENDPOINT_URL_S3: endpoints.s3,
      AWS_ENDPOINT_URL_SQS: endpoints.sqs,
    },
  };
}

async function startEmbedded(
  { stateDir, bucketDirs, stagingBucket, onRequest, onStagedBytes }: AwsOptions,
  cleanup: AsyncDisposableStack,
): Promise<{ dynamodb: string; s3: string; sqs: string }> {
  const dynamodb = await startDynamoDb({
    path: join(stateDir, "dynamodb"),
    onRequest: (request) => onRequest?.({ service: "dynamodb", ...request }),
  });
  cleanup.defer(async () => dynamodb.stop());
  const s3 = await startEmbeddedS3({
    stateDir: join(stateDir, "s3"),
    bucketDirs,
    onRequest: (request) => onRequest?.({ service: "s3", ...request }),
    onBytes: ({ bucket, key, bytes }) => {
      if (bucket === stagingBucket) onStagedBytes?.({ key, bytes });
    },
  });
  cleanup.defer(async () => s3.stop());
  const sqs = await startSqs((request) => onRequest?.({ service: "sqs", ...request }));
  cleanup.defer(async () => sqs.stop());
  return { dynamodb: dynamodb.endpoint, s3: s3.endpoint, sqs: sqs.endpoint };
}
