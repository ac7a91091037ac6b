import type { IKey } from "aws-cdk-lib/aws-kms";
import { Queue, QueueEncryption, type QueueProps } from "aws-cdk-lib/aws-sqs";
import { Duration, Validations } from "aws-cdk-lib/core";
import { Construct } from "constructs";
import { MAX_RECEIVE_COUNT, MESSAGES_KEPT_DAYS } from "../environments/limits.ts";

/** Settings of every queue. @param encryptionKey Undefined: the one of SQS. */
export const privateQueue = (encryptionKey: IKey | undefined): QueueProps => ({
  ...(encryptionKey
    ? { encryption: QueueEncryption.KMS, encryptionMasterKey: encryptionKey }
    : { encryption: QueueEncryption.SQS_MANAGED }),
  enforceSSL: true,
  retentionPeriod: Duration.days(MESSAGES_KEPT_DAYS),
});

interface WorkQueueProps {
  readonly visibilityTimeoutMs: number;
  readonly longVisibilityTimeoutMs: number;
  readonly encryptionKey?: IKey | undefined;
}

/** The queues of jobs to do, and their dead-letter queue for what could not be processed. */
export class WorkQueue extends Construct {
  /** Of the short lane: every producer sends to it. */
  readonly queue: Queue;
  /** Of the short lane, too: what operators want to be done before all that waits in the other one. */
  readonly urgentQueue: Queue;
  /** Of the long lane: workers send to it what they hand over. */
  readonly longQueue: Queue;
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, props: WorkQueueProps) {
    super(scope, id);
    const { encryptionKey } = props;
    this.deadLetters = new Queue(this, "DeadLetters", privateQueue(encryptionKey));
    Validations.of(this.deadLetters).acknowledge({
      id: "Serverless-SQSRedrivePolicy",
      reason: "This is the dead-letter queue itself. An alarm reports each message in it, and an operator decides.",
    });
    this.queue = this.#queueOf("Queue", props.visibilityTimeoutMs, encryptionKey);
    this.urgentQueue = this.#queueOf("UrgentQueue", props.visibilityTimeoutMs, encryptionKey);
    this.longQueue = this.#queueOf("LongQueue", props.longVisibilityTimeoutMs, encryptionKey);
  }

  #queueOf(id: string, visibilityTimeoutMs: number, encryptionKey: IKey | undefined): Queue {
    return new Queue(this, id, {
      ...privateQueue(encryptionKey),
      visibilityTimeout: Duration.millis(visibilityTimeoutMs),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: MAX_RECEIVE_COUNT },
    });
  }
}
