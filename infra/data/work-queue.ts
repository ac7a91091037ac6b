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

interface WorkQueueProps {
  readonly visibilityTimeoutMs: number;
  readonly longVisibilityTimeoutMs: number;
}

/** The queues of jobs to do, one for each lane, and their dead-letter queue for what could not be processed. */
export class WorkQueue extends Construct {
  /** Of the short lane: every producer sends to it. */
  readonly queue: Queue;
  /** Of the long lane: workers send to it what they hand over. */
  readonly longQueue: Queue;
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, props: WorkQueueProps) {
    super(scope, id);
    this.deadLetters = new Queue(this, "DeadLetters", PRIVATE_QUEUE);
    Validations.of(this.deadLetters).acknowledge({
      id: "Serverless-SQSRedrivePolicy",
      reason: "This is the dead-letter queue itself. An alarm reports each message in it, and an operator decides.",
    });
    this.queue = this.#queueOf("Queue", props.visibilityTimeoutMs);
    this.longQueue = this.#queueOf("LongQueue", props.longVisibilityTimeoutMs);
  }

  #queueOf(id: string, visibilityTimeoutMs: number): Queue {
    return new Queue(this, id, {
      ...PRIVATE_QUEUE,
      visibilityTimeout: Duration.millis(visibilityTimeoutMs),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: MAX_RECEIVE_COUNT },
    });
  }
}
