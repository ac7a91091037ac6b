import { Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import { Duration, Validations } from "aws-cdk-lib/core";
import { Construct } from "constructs";
import { MAX_RECEIVE_COUNT, MESSAGES_KEPT_DAYS } from "../environments/limits.ts";

/** The jobs to do, and beside it the messages that nobody could do anything with. */
export class WorkQueue extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, props: { readonly visibilityTimeoutMs: number }) {
    super(scope, id);
    const common = {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(MESSAGES_KEPT_DAYS),
    };
    this.deadLetters = new Queue(this, "DeadLetters", common);
    Validations.of(this.deadLetters).acknowledge({
      id: "Serverless-SQSRedrivePolicy",
      reason: "This is where messages end. An alarm tells of each, and people decide.",
    });
    this.queue = new Queue(this, "Queue", {
      ...common,
      visibilityTimeout: Duration.millis(props.visibilityTimeoutMs),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: MAX_RECEIVE_COUNT },
    });
  }
}
