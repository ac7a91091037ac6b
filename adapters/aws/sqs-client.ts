import { SQSClient } from "@aws-sdk/client-sqs";
import { isEmulated, QUICK, SIGNING, tuned } from "./tuned.ts";

/**
 * The SDK sends each request to the host of the queue's URL, even if an endpoint is set. An emulator's queues may have
 * AWS's URLs: those requests would go to AWS.
 */
export const createSqs = (environment: NodeJS.ProcessEnv): SQSClient =>
  tuned(
    new SQSClient({
      ...SIGNING,
      requestHandler: QUICK,
      ...(isEmulated(environment, "SQS") && { useQueueUrlAsEndpoint: false }),
    }),
  );
