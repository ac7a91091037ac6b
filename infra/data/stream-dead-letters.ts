import type { IKey } from "aws-cdk-lib/aws-kms";
import { Queue } from "aws-cdk-lib/aws-sqs";
import { Validations } from "aws-cdk-lib/core";
import type { Construct } from "constructs";
import { privateQueue } from "./work-queue.ts";

/** Table stream records that a reader could not parse, and notices of records that expired before they were read. */
export class StreamDeadLetters extends Queue {
  constructor(scope: Construct, id: string, encryptionKey: IKey | undefined) {
    super(scope, id, privateQueue(encryptionKey));
    const isOneItself =
      "This is itself a dead-letter queue; only Lambda's event source mappings refer to it, and cdk-nag does not check those.";
    Validations.of(this).acknowledge(
      { id: "AwsSolutions-SQS3", reason: isOneItself },
      { id: "Serverless-SQSRedrivePolicy", reason: isOneItself },
    );
  }
}
