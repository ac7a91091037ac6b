import { describe, expect, it } from "vitest";
import { InvalidJobError } from "../../../../core/producer/errors.ts";
import type { BatchAnswer, Job } from "../../../../core/producer/job.ts";
import { all, type Answer, jobAt, jobs, pathOf, refusing, senderWorld, taken, turns } from "./sender-world.ts";

describe("send", () => {
  it("sends ten jobs in a request, each with its host as the group, and the rest with flush", async () => {
    const { sender, seen } = senderWorld();
    for (const job of jobs(23)) await sender.send(job);
    expect(seen.requests.map(({ length }) => length)).toEqual([10, 10]);
    await sender.flush();
    expect(seen.requests.map(({ length }) => length)).toEqual([10, 10, 3]);
    const sent = seen.requests.flat();
    expect(sent.map(pathOf)).toEqual(jobs(23).map((_, index) => `/${index}`));
    expect(sent.map(({ MessageGroupId }) => MessageGroupId)).toEqual(jobs(23).map((_, i) => `host-${i % 3}.example`));
    expect(seen.requests[2]?.map(({ Id }) => Id)).toEqual(["0", "1", "2"]);
  });

  it("sends a batch that does not become full once it has lingered, and no later batch by that timer", async () => {
    const { lingering, seen, sender } = senderWorld();
    for (const job of jobs(11)) await sender.send(job);
    expect([lingering.length, seen.requests.length]).toEqual([2, 1]);
    lingering[0]?.();
    await turns();
    expect(seen.requests).toHaveLength(1);
    lingering[1]?.();
    await turns();
    expect(seen.requests.map(({ length }) => length)).toEqual([10, 1]);
  });

  it("keeps a request below 1 MiB", async () => {
    const { seen, sender } = senderWorld();
    const mirrors = Array<string>(8).fill("https://example.org/".padEnd(8192, "漢"));
    for (const job of jobs(5)) await sender.send({ ...job, mirrors });
    await sender.flush();
    expect(seen.requests.map(({ length }) => length)).toEqual([2, 2, 1]);
    for (const entries of seen.requests)
      expect(entries.reduce((sum, { MessageBody }) => sum + MessageBody.length, 0)).toBeLessThan(1_048_576);
  });

  it("waits when so many requests are in flight and the next batch is full", async () => {
    const gates: (() => void)[] = [];
    const answer: Answer = async (entries) => {
      await new Promise<void>((resolve) => void gates.push(resolve));
      return taken(entries);
    };
    const { seen, sender } = senderWorld(answer, { batchesInFlight: 2 });
    let accepted = 0;
    const sending = (async () => {
      for (const job of jobs(45)) {
        await sender.send(job);
        accepted += 1;
      }
    })();
    await turns(500);
    expect([accepted, seen.inFlight]).toEqual([29, 2]);
    gates[0]?.();
    await turns(500);
    expect([accepted, seen.inFlight]).toEqual([39, 2]);
    for (let opened = 1; opened < 4; opened++) {
      gates[opened]?.();
      await turns(500);
    }
    await sending;
    const flushed = sender.flush();
    await turns(500);
    gates[4]?.();
    await flushed;
    expect([accepted, seen.mostInFlight]).toEqual([45, 2]);
  });

  it("keeps the order of jobs that are sent without waiting for each other", async () => {
    const gates: (() => void)[] = [];
    const answer: Answer = async (entries) => {
      await new Promise<void>((resolve) => void gates.push(resolve));
      return taken(entries);
    };
    const { seen, sender } = senderWorld(answer, { batchesInFlight: 1 });
    const mirrors = Array<string>(8).fill("https://example.org/".padEnd(8192, "漢"));
    const sending = jobs(7).map(async (job, index) => sender.send(index < 5 ? { ...job, mirrors } : job));
    const flushed = sender.flush();
    for (let opened = 0; opened < 3; opened++) {
      await turns(500);
      gates[opened]?.();
    }
    await Promise.all([...sending, flushed]);
    expect(seen.requests.map((entries) => entries.map(pathOf).join(" "))).toEqual(["/0 /1", "/2 /3", "/4 /5 /6"]);
  });

  it("flush ends when the queue has answered, not before", async () => {
    const answered = Promise.withResolvers<BatchAnswer>();
    const { seen, sender } = senderWorld(async () => answered.promise);
    await sender.send(jobAt(0));
    let isFlushed = false;
    const flushed = sender.flush().then(() => (isFlushed = true));
    await turns();
    expect([isFlushed, seen.inFlight]).toEqual([false, 1]);
    answered.resolve({ Successful: [{ Id: "0" }] });
    await flushed;
    expect(seen.inFlight).toBe(0);
  });

  it("refuses a job that is not valid without asking the queue, and takes the next one", async () => {
    const { seen, sender } = senderWorld();
    await expect(sender.send({ url: "nowhere" })).rejects.toBeInstanceOf(InvalidJobError);
    await sender.send(jobAt(0));
    await sender.flush();
    expect(seen.requests.flat()).toHaveLength(1);
  });
});

describe("sendAll", () => {
  async function* slowly(list: readonly Job[]) {
    for (const job of list) yield job;
  }

  it("yields how each job ended: sent, refused by the queue, or not valid", async () => {
    const { sender } = senderWorld((entries) => refusing(entries, "InvalidMessageContents", true, "/4"));
    const list = [...jobs(12), { url: "nowhere" }];
    const ends = (await all(sender.sendAll(slowly(list)))).toSorted((one, other) => one.index - other.index);
    expect(ends.map(({ index, job }) => [index, job])).toEqual(list.map((job, index) => [index, job]));
    const wrong = ends.filter(({ error }) => error !== undefined).map(({ error, index }) => [index, error?.name]);
    expect(wrong).toEqual([
      [4, "NotSentError"],
      [12, "InvalidJobError"],
    ]);
    expect(ends.map(({ job_id }) => job_id === undefined)).toEqual(list.map((_, index) => index === 12));
  });

  it("takes no more jobs than it yields ends of, but for those in flight", async () => {
    let asked = 0;
    function* counted() {
      for (const job of jobs(1000)) {
        asked += 1;
        yield job;
      }
    }
    const { sender } = senderWorld(taken, { batchesInFlight: 2 });
    let told = 0;
    for await (const end of sender.sendAll(counted())) {
      told += end.error === undefined ? 1 : 0;
      expect(asked - told).toBeLessThanOrEqual(40);
    }
    expect([told, asked]).toEqual([1000, 1000]);
  });

  it("left early, has sent what it took", async () => {
    const { seen, sender } = senderWorld();
    for await (const end of sender.sendAll(jobs(25))) if (end.index === 0) break;
    expect(seen.inFlight).toBe(0);
    expect(seen.requests.flat().length).toBeGreaterThanOrEqual(10);
  });

  it("of a source that fails throws its error, after it has sent what it took", async () => {
    async function* broken() {
      yield* jobs(3);
      throw new Error("the list broke off");
    }
    const { seen, sender } = senderWorld();
    await expect(all(sender.sendAll(broken()))).rejects.toThrow("the list broke off");
    expect(seen.requests.flat()).toHaveLength(3);
  });
});

it.each([
  [{ batchesInFlight: 0 }, "batchesInFlight must be a whole number from 1 to 256, not 0."],
  [{ attempts: 1.5 }, "attempts must be a whole number from 1 to 1000, not 1.5."],
  [{ lingerMs: -1 }, "lingerMs must be a whole number from 0 to 60000, not -1."],
])("the options %j are refused", (wrong, message) => {
  expect(() => senderWorld(taken, wrong)).toThrow(new RangeError(message));
});
