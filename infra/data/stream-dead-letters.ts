import { Queue } from "aws-cdk-lib/aws-sqs";
import { Validations } from "aws-cdk-lib/core";
import type { Construct } from "constructs";
import { PRIVATE_QUEUE } from "./work-queue.ts";

/** Table stream records that a reader could not parse, and notices of records that expired before they were read. */
export class StreamDeadLetters extends Queue {
  constructor(scope: Construct, id: string) {
    super(scope, id, PRIVATE_QUEUE);
    const isOneItself =
      "This is itself a dead-letter queue; only Lambda's event source mappings refer to it, and cdk-nag does not check those.";
    Validations.of(this).acknowledge(
      { id: "AwsSolutions-SQS3", reason: isOneItself },
      { id: "Serverless-SQSRedrivePolicy", reason: isOneItself },
    );
  }
}
