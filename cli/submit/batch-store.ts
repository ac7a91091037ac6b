import type { StackAddresses } from "../../adapters/aws/operators/stack-outputs.ts";
import { systemClock } from "../../adapters/node/clock.ts";
import type { BatchStore } from "./make-batch.ts";

/** Where a deployment keeps its batches. Loads the SDK. Undefined: its release knows of none. */
export async function batchStoreAt(
  { batchesBucket, table }: Pick<StackAddresses, "batchesBucket" | "table">,
  env: Readonly<NodeJS.ProcessEnv>,
): Promise<BatchStore | undefined> {
  if (batchesBucket === undefined) return undefined;
  const [{ createDynamoDb }, { createS3 }, { dynamoItems }, { s3BatchFiles }] = await Promise.all([
    import("../../adapters/aws/dynamodb-client.ts"),
    import("../../adapters/aws/s3/client.ts"),
    import("../../adapters/aws/dynamodb.ts"),
    import("../../adapters/aws/s3/batch-files.ts"),
  ]);
  return {
    clock: systemClock,
    files: s3BatchFiles(createS3(env), batchesBucket),
    items: dynamoItems(createDynamoDb(), table),
  };
}
