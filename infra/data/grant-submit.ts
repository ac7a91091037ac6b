import { Grant, type IGrantable } from "aws-cdk-lib/aws-iam";
import type { IQueue } from "aws-cdk-lib/aws-sqs";

/** All that a producer calls: SendMessage is the permission of SendMessageBatch, too. */
const SUBMIT = ["sqs:SendMessage"];
/** SQS encrypts each message by a data key, and checks the key that it keeps for the next ones. */
const ENCRYPT = ["kms:GenerateDataKey", "kms:Decrypt"];

/**
 * Lets a producer send jobs to the work queue, and do nothing else with it. A producer of another account gets the
 * statement in the queue's own policy, and in the key's: that account must allow the same to its role.
 */
export function grantSubmit(queue: IQueue, grantee: IGrantable): Grant {
  const grant = Grant.addToPrincipalOrResource({
    grantee,
    actions: SUBMIT,
    resourceArns: [queue.queueArn],
    resource: queue,
  });
  const { encryptionMasterKey: key } = queue;
  return key === undefined ? grant : grant.combine(key.grant(grantee, ...ENCRYPT));
}
