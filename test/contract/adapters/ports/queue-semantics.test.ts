/** What the protocol needs of a queue, checked on the simulator's queue and on every available SQS. */
import { describe, expect, it } from "vitest";
import { MAX_RECEIVES, VISIBILITY_S, type QueueUnderTest, type Received } from "./backends.ts";
import { queueBackends } from "./queue-backends.ts";

describe.concurrent.each(Object.entries(queueBackends))("%s", (_name, start) => {
  const withQueue = async (test: (under: QueueUnderTest) => Promise<void>): Promise<void> => {
    const under = await start();
    try {
      await test(under);
    } finally {
      await under[Symbol.asyncDispose]();
    }
  };

  const sendOne = async ({ queue }: QueueUnderTest, body = "one"): Promise<void> =>
    queue.send([{ body, group: "origin.example" }]);
  const receiveOne = async (under: QueueUnderTest): Promise<Received> => {
    const [message] = await under.receive();
    if (!message) throw new Error("Nothing was received.");
    return message;
  };

  it("hides a received message, and delivers it again after the visibility timeout with a higher receive count", async () =>
    withQueue(async (under) => {
      await sendOne(under);
      expect(await receiveOne(under)).toMatchObject({ body: "one", receives: 1 });
      expect(await under.receive()).toEqual([]);
      await under.wait(VISIBILITY_S);
      expect(await receiveOne(under)).toMatchObject({ body: "one", receives: 2 });
    }));

  it("hides a message for the time given to hideFor, counted from that call", async () =>
    withQueue(async (under) => {
      await sendOne(under);
      const { receipt } = await receiveOne(under);
      await under.queue.hideFor(receipt, (VISIBILITY_S + 1) * 1000);
      await under.wait(VISIBILITY_S);
      expect(await under.receive()).toEqual([]);
      await under.wait(1);
      expect(await under.receive()).toHaveLength(1);
    }));

  it("delivers a message again at once after hideFor 0 ms", async () =>
    withQueue(async (under) => {
      await sendOne(under);
      await under.queue.hideFor((await receiveOne(under)).receipt, 0);
      expect(await receiveOne(under)).toMatchObject({ receives: 2 });
    }));

  it("keeps a delayed message back, rounded up to seconds, and then delivers it for the first time", async () =>
    withQueue(async (under) => {
      await under.queue.send([{ body: "later", group: "origin.example", delayMs: 1_001 }]);
      await under.wait(1);
      expect(await under.receive()).toEqual([]);
      await under.wait(1);
      expect(await receiveOne(under)).toMatchObject({ body: "later", receives: 1 });
    }));

  it("never delivers a deleted message", async () =>
    withQueue(async (under) => {
      await sendOne(under);
      await under.delete((await receiveOne(under)).receipt);
      await under.wait(VISIBILITY_S);
      expect(await under.receive()).toEqual([]);
      expect(await under.deadLetters()).toEqual([]);
    }));

  it("moves a message to the dead-letter queue, without a reason, after the maximum number of receives", async () =>
    withQueue(async (under) => {
      await sendOne(under);
      for (let receives = 0; receives < MAX_RECEIVES; receives++) {
        await under.queue.hideFor((await receiveOne(under)).receipt, 0);
      }
      expect(await under.receive()).toEqual([]);
      expect(await under.deadLetters()).toMatchObject([{ body: "one", reason: undefined }]);
    }));

  it("keeps a message that was sent to the dead-letter queue, with its reason", async () =>
    withQueue(async (under) => {
      await under.queue.sendToDeadLetters("not JSON", "message is no JSON");
      expect(await under.deadLetters()).toMatchObject([{ body: "not JSON", reason: "message is no JSON" }]);
      expect(await under.receive()).toEqual([]);
    }));

  it("delivers each message of a batch once", async () =>
    withQueue(async (under) => {
      const bodies = Array.from({ length: 12 }, (_, index) => `message ${index}`);
      await under.queue.send(bodies.map((body) => ({ body, group: "g" })));
      const got = [...(await under.receive()), ...(await under.receive())].map(({ body }) => body);
      expect(got.toSorted()).toEqual(bodies.toSorted());
    }));
});
