import { describe, expect, it } from "vitest";
import { jobIdOf, jobItemKey } from "../../../../core/model/keys.ts";
import type { JobMessage } from "../../../../core/model/message.ts";
import { lineText, writeLines } from "../../../../core/batches/batch-lines.ts";
import { reopenJob } from "../../../../core/model/recovery-protocol.ts";
import { decodeJob } from "../../../../core/model/record-codec.ts";
import { present } from "../../../../core/model/present.ts";
import { ID, jobAt } from "../../core/batches/support.ts";
import { answer } from "../../../simulation/world.ts";
import { operated } from "../operated.ts";
import { Deployment, jsonLines, STACK } from "./deployment.ts";

const URGENT = "https://sqs.us-east-1.amazonaws.com/1/urgent";
const NONE = { sent: 0, begun: 0, ended: 0, selected: 0, unreadable: 0 };

const sentBy = ({ sent }: Deployment): readonly JobMessage[] =>
  [...sent].flatMap(([url, messages]) => {
    expect(url).toBe(URGENT);
    return messages.map(({ body }) => JSON.parse(body) as JobMessage);
  });
const numbersSentBy = (deployment: Deployment): readonly number[] =>
  sentBy(deployment).map(({ artifact_id: artifact }) => Number(artifact.split("-")[1]));
const itemOf = ({ b }: Deployment, n: number) =>
  present(b.world.items.all.get(jobItemKey(jobIdOf(jobAt(n)))), "the job's item");

/** A job that failed, and that somebody has reopened: it waits for a message. */
async function reopened(deployment: Deployment, n: number): Promise<void> {
  const { world } = deployment.b;
  world.serve(() => answer({ status: 404 }));
  await world.deliver(jobAt(n));
  await world.items.write(reopenJob(decodeJob(itemOf(deployment, n)), "ada", world.clock.nowMs(), 300_000));
}

describe("fetchonce priority", () => {
  it("sends the messages of a batch's jobs that have not begun to the urgent queue, as they were sent before", async () => {
    const deployment = new Deployment();
    await deployment.b.submit([1, 2], [3]);
    const message = { ...jobAt(9), metadata: { row: 9 } };
    await writeLines(
      deployment.b.files,
      ID,
      1,
      `${lineText(jobIdOf(message), JSON.stringify(message), message.metadata)}\n`,
    );
    const { code, stdout } = await deployment.run("priority", "--batch", ID);
    expect([code, stdout.trimEnd().split("\n").at(-1)]).toEqual([0, "3 jobs sent to the urgent queue."]);
    expect(sentBy(deployment)).toEqual([jobAt(1), jobAt(2), message]);
    expect([...deployment.sent.values()].flat().map(({ group }) => group)).toEqual([
      "here.example",
      "here.example",
      "here.example",
    ]);
  });

  it("leaves those that wait for their next attempt, and those that have ended, where they are", async () => {
    const deployment = new Deployment();
    await deployment.b.submit([1, 2, 3]);
    await deployment.b.work(1);
    await deployment.run("cancel", jobAt(2).url, "--work", "work", "--artifact", "artifact-2");
    const { stdout } = await deployment.run("priority", "--batch", ID, "--json");
    expect(jsonLines(stdout).at(-1)).toEqual({ type: "summary", ...NONE, sent: 1, begun: 1, ended: 1 });
    expect(numbersSentBy(deployment)).toEqual([3]);
  });

  it("sends a reopened job's message, which takes the guarded path", async () => {
    const deployment = new Deployment();
    await reopened(deployment, 1);
    const { stdout } = await deployment.run("priority", jobIdOf(jobAt(1)));
    expect(stdout).toContain("1 job sent to the urgent queue.\n");
    expect(sentBy(deployment)).toEqual([{ ...jobAt(1), tracked: true }]);
  });

  it("leaves a job of the long lane in its queue", async () => {
    const deployment = new Deployment();
    await reopened(deployment, 1);
    await deployment.b.world.items.write({ key: jobItemKey(jobIdOf(jobAt(1))), when: [[]], set: { lane: "long" } });
    const { stdout } = await deployment.run("priority", jobIdOf(jobAt(1)));
    expect(stdout).toContain("1 job had begun before, and keeps its place.");
    expect(sentBy(deployment)).toEqual([]);
  });

  it("sends a URL's message before its job has begun, and says how it could be another one", async () => {
    const deployment = new Deployment();
    const { url, work_id: work, artifact_id: artifact } = jobAt(3);
    const { stdout } = await deployment.run("priority", url, "--work", work, "--artifact", artifact);
    expect(stdout).toMatch(/1 job sent to the urgent queue\.\nIt had not begun\. If its message names another work_id/);
    expect(sentBy(deployment)).toEqual([jobAt(3)]);
  });

  it("selects by host, and a dry run sends nothing", async () => {
    const deployment = new Deployment();
    await deployment.b.submit([1, 2, 5]);
    const dry = await deployment.run("priority", "--batch", ID, "--dry-run");
    expect(dry.stdout).toMatch(/\n3 jobs would be sent to the urgent queue\. Nothing was sent\.\n$/);
    expect(sentBy(deployment)).toEqual([]);
    await deployment.run("priority", "--batch", ID, "--host", "gone.example");
    expect(numbersSentBy(deployment)).toEqual([5]);
  });

  it("selects open jobs of the table that wait for a message alone", async () => {
    const deployment = new Deployment();
    await reopened(deployment, 1);
    deployment.b.world.serve(() => answer({ status: 503, headers: { "retry-after": "60" } }));
    await deployment.b.work(2);
    const { stdout } = await deployment.run("priority", "--work", "work");
    expect(stdout).toMatch(/1 job had begun before, and keeps its place\.\nScanned 2 items for 1 read unit/);
    expect(numbersSentBy(deployment)).toEqual([1]);
  });

  it("sends again what it has sent when the queue refuses in between, and then the rest", async () => {
    const deployment = new Deployment();
    const numbers = Array.from({ length: 95 }, (_, at) => 5 * at + 1);
    await deployment.b.submit(numbers);
    deployment.takes = 4;
    const stopped = await deployment.run("priority", "--batch", ID);
    expect([stopped.code, stopped.stderr]).toEqual([1, "The queue is away.\n"]);
    deployment.takes = Number.POSITIVE_INFINITY;
    await deployment.run("priority", "--batch", ID);
    expect(new Set(numbersSentBy(deployment))).toEqual(new Set(numbers));
  });

  it("leaves a record that cannot be read, sends the others, and fails", async () => {
    const deployment = new Deployment();
    await deployment.b.submit([1, 2]);
    await deployment.b.work(1);
    await deployment.b.world.items.write({ key: jobItemKey(jobIdOf(jobAt(1))), when: [[]], set: { fence: "nine" } });
    const { code, stderr } = await deployment.run("priority", "--batch", ID);
    expect([code, stderr]).toEqual([1, expect.stringContaining("1 record cannot be read, so nothing was sent")]);
    expect(numbersSentBy(deployment)).toEqual([2]);
  });

  it.each([["cancel"], ["priority"]])(
    "%s: leaves jobs of an ended batch alone whose records have expired",
    async (verb) => {
      const deployment = new Deployment();
      await deployment.b.submit([1]);
      await deployment.run("cancel", "--batch", ID);
      await deployment.b.follow(3);
      expect(deployment.b.record.phase).toBe("ended");
      deployment.b.world.items.expire(jobItemKey(jobIdOf(jobAt(1))));
      const { stdout } = await deployment.run(verb, "--batch", ID, "--json");
      expect(jsonLines(stdout).at(-1)).toMatchObject({ type: "summary", ended: 1 });
      expect(deployment.b.world.items.all.has(jobItemKey(jobIdOf(jobAt(1))))).toBe(false);
      expect(sentBy(deployment)).toEqual([]);
    },
  );

  it("says that an older deployment has no urgent queue", async () => {
    const { code, stderr } = await operated(["priority", "https://a.example/x", ...STACK], {
      addressesOf: async (stack) =>
        Promise.resolve({
          stack,
          region: "us-east-1",
          deployment: stack,
          table: "jobs",
          queueUrl: "work",
          longQueueUrl: "long",
          deadLetterQueueUrl: "dead",
          stagingBucket: "staging",
          contentBucket: "content",
        }),
    });
    expect([code, stderr]).toEqual([
      1,
      "The stack fetchonce-prod has no output UrgentQueueUrl: its release has no urgent queue. Deploy this one.\n",
    ]);
  });

  it.each<[readonly string[], string]>([
    [[], "Say what to put first: a job's id or URL, --batch,"],
    [["nothing"], "nothing is neither a job's id (32 hex digits) nor a URL."],
    [["--batch", ID, "--older-than", "1h"], "--batch knows no ages"],
  ])("%j exits with 2 and says what to write", async (argv, sentence) => {
    const { code, stderr, stdout } = await operated(["priority", ...argv, ...STACK]);
    expect([code, stdout, stderr]).toEqual([2, "", expect.stringContaining(sentence)]);
  });
});
