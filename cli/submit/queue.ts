import type { SendBatch } from "../../core/producer/job.ts";
import { UsageError } from "../terminal/usage-error.ts";

/**
 * The queue of that URL. Loads the SDK, which no other command of a laptop needs.
 * @throws UsageError if there is no region, or there are no credentials.
 */
export async function queueAt(queueUrl: string, env: Readonly<NodeJS.ProcessEnv>): Promise<SendBatch> {
  const [{ createSqs }, { sqsBatches }] = await Promise.all([
    import("../../adapters/aws/sqs-client.ts"),
    import("../../adapters/aws/sqs.ts"),
  ]);
  const sqs = createSqs(env);
  await found(
    async () => sqs.config.region(),
    "No region is named. Set AWS_REGION, or AWS_PROFILE to a profile of it.",
  );
  await found(
    async () => sqs.config.credentials(),
    "There are no AWS credentials. Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
  );
  return sqsBatches(sqs, queueUrl);
}

async function found(look: () => Promise<unknown>, missing: string): Promise<void> {
  try {
    await look();
  } catch (error) {
    throw new UsageError(`${missing} (${error instanceof Error ? error.message : String(error)})`, { cause: error });
  }
}
