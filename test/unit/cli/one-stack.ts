import type { AddressesOf } from "../../../cli/shared/stack.ts";
import { UsageError } from "../../../cli/terminal/usage-error.ts";

/** An account with the stack fetchonce-prod alone. */
export const oneStack: AddressesOf = async (stack) => {
  if (stack !== "fetchonce-prod") throw new UsageError(`There is no stack ${stack}.`);
  const queue = (name: string): string => `https://sqs.us-east-1.amazonaws.com/1/${name}`;
  return Promise.resolve({
    stack,
    region: "us-east-1",
    table: "jobs-of-prod",
    queueUrl: queue("work"),
    longQueueUrl: queue("long"),
    deadLetterQueueUrl: queue("dead"),
    stagingBucket: "staging-of-prod",
    contentBucket: "content-of-prod",
  });
};
