import { Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import { Duration, Validations } from "aws-cdk-lib/core";
import type { Construct } from "constructs";
import { MESSAGES_KEPT_DAYS } from "../environments/limits.ts";

/** What those who read the table's stream could make no sense of, and what the stream forgot before they could. */
export class StreamDeadLetters extends Queue {
  constructor(scope: Construct, id: string) {
    super(scope, id, {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(MESSAGES_KEPT_DAYS),
    });
    const isOneItself =
      "It is a dead-letter queue itself; Lambda's event source mappings name it where cdk-nag does not look.";
    Validations.of(this).acknowledge(
      { id: "AwsSolutions-SQS3", reason: isOneItself },
      { id: "Serverless-SQSRedrivePolicy", reason: isOneItself },
    );
  }
}
