/**
 * `node consumer.ts QUEUE_URL`: takes what a rule has sent to a queue, and says how each job ended. An announcement may
 * come twice: its id tells, and of a failure how often the job had been reopened. Here they are kept in memory; a
 * program that must not lose them keeps them in its database.
 */
import { DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";

interface Announcement {
  readonly id: string;
  readonly url: string;
  readonly sha256?: string;
  readonly reason?: string;
  /** How often a failed job had been reopened: it may fail again, and that is news. */
  readonly redrives?: number;
}

const [QueueUrl = ""] = process.argv.slice(2);
const sqs = new SQSClient();
const seen = new Set<string>();

for (;;) {
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 20 }),
  );
  for (const { Body = "", ReceiptHandle } of Messages) {
    const { detail } = JSON.parse(Body) as {
      readonly detail: Announcement | { readonly announcements: readonly Announcement[] };
    };
    for (const each of "announcements" in detail ? detail.announcements : [detail]) {
      const end = `${each.id} ${each.redrives ?? "stored"}`;
      if (seen.has(end)) continue;
      console.log(
        each.reason === undefined ? `stored ${each.url} ${each.sha256}` : `failed ${each.url} ${each.reason}`,
      );
      seen.add(end);
    }
    // After the work: a message that is not deleted comes back.
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  }
}
