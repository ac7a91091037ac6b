/** `node producer.ts QUEUE_URL < urls.txt`: sends a job for each line. To send a line again does no harm. */
import { createInterface } from "node:readline";
import { SendMessageBatchCommand, SQSClient } from "@aws-sdk/client-sqs";
import { Producer } from "fetchonce";

const [QueueUrl = ""] = process.argv.slice(2);
const sqs = new SQSClient();
const producer = new Producer({
  sendBatch: async (Entries) => sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries })),
});

async function* jobs() {
  for await (const url of createInterface({ input: process.stdin })) yield { url, work_id: "example" };
}

let failed = 0;
for await (const { error, index, job_id } of producer.sendAll(jobs())) {
  if (error) failed += 1;
  console.log(error ? `line ${index + 1}: ${error.message}` : job_id);
}
process.exitCode = failed === 0 ? 0 : 1;
