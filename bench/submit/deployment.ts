/** What `submit` needs of a deployment beside its queue: CloudFormation, a table and a bucket, for the batch. */
import { CreateTableCommand } from "@aws-sdk/client-dynamodb";
import { CreateBucketCommand } from "@aws-sdk/client-s3";
import { join } from "node:path";
import { connectAws } from "../../test/embedded-aws/aws/aws.ts";

export const STACK = "bench";

/** @returns the variables with which `submit` reaches it, and its queue, which is another program's. */
export async function startDeployment(
  folder: string,
  queueUrl: string,
  scope: AsyncDisposableStack,
): Promise<Readonly<Record<string, string>>> {
  const [Bucket, TableName] = ["batches", "jobs"];
  const queues = { QueueUrl: queueUrl, LongQueueUrl: queueUrl, DeadLetterQueueUrl: queueUrl };
  const buckets = { StagingBucketName: Bucket, ContentBucketName: Bucket, BatchesBucketName: Bucket };
  const { clients, environment } = await connectAws(
    {
      stateDir: join(folder, "aws"),
      bucketDirs: {},
      stagingBucket: Bucket,
      stacks: { [STACK]: { TableName, ...queues, ...buckets } },
    },
    scope,
  );
  await clients.s3.send(new CreateBucketCommand({ Bucket }));
  await clients.dynamodb.send(
    new CreateTableCommand({
      TableName,
      AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
      BillingMode: "PAY_PER_REQUEST",
    }),
  );
  return { ...environment, AWS_ENDPOINT_URL_SQS: new URL(queueUrl).origin };
}
