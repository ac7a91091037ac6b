import { Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import { Duration, Validations } from "aws-cdk-lib/core";
import type { Construct } from "constructs";
import { MESSAGES_KEPT_DAYS } from "../environments/limits.ts";

/** Table stream records that a reader could not parse, and notices of records that expired before they were read. */
export class StreamDeadLetters extends Queue {
  constructor(scope: Construct, id: string) {
    super(scope, id, {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(MESSAGES_KEPT_DAYS),
    });
    const isOneItself =
      "This is itself a dead-letter queue; only Lambda's event source mappings refer to it, and cdk-nag does not check those.";
    Validations.of(this).acknowledge(
      { id: "AwsSolutions-SQS3", reason: isOneItself },
      { id: "Serverless-SQSRedrivePolicy", reason: isOneItself },
    );
  }
}
