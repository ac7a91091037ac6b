/** The least that sending a list takes: SendMessageBatch of the AWS SDK with messages that need no work. */
import { SendMessageBatchCommand, SQSClient } from "@aws-sdk/client-sqs";
import { hostOfNumber, urlOfNumber } from "./list.ts";

const REQUESTS_AT_A_TIME = 16;
const MESSAGES_IN_A_REQUEST = 10;

const sqs = new SQSClient();
let queueUrl = "";
let jobs = 0;
let next = 0;

const entryOf = (number: number, index: number) => ({
  Id: String(index),
  MessageBody: `{"work_id":"bare","artifact_id":"${number}","url":"${urlOfNumber(number)}"}`,
  MessageGroupId: hostOfNumber(number),
});

async function sendInTurn(): Promise<void> {
  while (next < jobs) {
    const count = Math.min(MESSAGES_IN_A_REQUEST, jobs - next);
    const first = next;
    next += count;
    const Entries = Array.from({ length: count }, (_, index) => entryOf(first + index, index));
    await sqs.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
  }
}

async function measure(): Promise<void> {
  next = 0;
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: REQUESTS_AT_A_TIME }, sendInTurn));
  process.send?.({ ms: performance.now() - startedMs });
}

process.on("message", (order: { readonly queueUrl: string; readonly jobs: number }) => {
  ({ queueUrl, jobs } = order);
  void measure();
});
process.on("disconnect", () => process.exit());
process.send?.("ready");
