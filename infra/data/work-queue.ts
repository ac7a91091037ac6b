import { Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import { Duration, Validations } from "aws-cdk-lib/core";
import { Construct } from "constructs";
import { MAX_RECEIVE_COUNT, MESSAGES_KEPT_DAYS } from "../environments/limits.ts";

/** Settings of every queue. */
export const PRIVATE_QUEUE = {
  encryption: QueueEncryption.SQS_MANAGED,
  enforceSSL: true,
  retentionPeriod: Duration.days(MESSAGES_KEPT_DAYS),
};

/** The queue of jobs to do, and its dead-letter queue for messages that could not be processed. */
export class WorkQueue extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, props: { readonly visibilityTimeoutMs: number }) {
    super(scope, id);
    this.deadLetters = new Queue(this, "DeadLetters", PRIVATE_QUEUE);
    Validations.of(this.deadLetters).acknowledge({
      id: "Serverless-SQSRedrivePolicy",
      reason: "This is the dead-letter queue itself. An alarm reports each message in it, and an operator decides.",
    });
    this.queue = new Queue(this, "Queue", {
      ...PRIVATE_QUEUE,
      visibilityTimeout: Duration.millis(props.visibilityTimeoutMs),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: MAX_RECEIVE_COUNT },
    });
  }
}
