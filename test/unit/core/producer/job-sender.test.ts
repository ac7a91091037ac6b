import { describe, expect, it } from "vitest";
import { InvalidJobError, NotSentError } from "../../../../core/producer/errors.ts";
import type { BatchAnswer, BatchEntry, Job, RefusedJob } from "../../../../core/producer/job.ts";
import { JobSender, type SenderOptions, type Sent } from "../../../../core/producer/job-sender.ts";

const jobAt = (index: number): Job => ({ url: `https://host-${index % 3}.example/${index}`, work_id: "w" });
const jobs = (count: number): Job[] => Array.from({ length: count }, (_, index) => jobAt(index));
const pathOf = ({ MessageBody }: BatchEntry): string => new URL((JSON.parse(MessageBody) as Job).url).pathname;
const taken = (entries: readonly BatchEntry[]): BatchAnswer => ({ Successful: entries.map(({ Id }) => ({ Id })) });

type Answer = (entries: BatchEntry[], request: number) => BatchAnswer | Promise<BatchAnswer>;

/** A queue that answers as it is told, and a clock that only the test moves. */
function world(answer: Answer = taken, options: Partial<SenderOptions> = {}) {
  const seen = { requests: [] as BatchEntry[][], waits: [] as number[], inFlight: 0, mostInFlight: 0 };
  const lingering: (() => void)[] = [];
  const sender = new JobSender(
    {
      lingerMs: 7,
      async sendBatch(entries) {
        seen.requests.push(entries);
        seen.inFlight += 1;
        seen.mostInFlight = Math.max(seen.mostInFlight, seen.inFlight);
        try {
          return await answer(entries, seen.requests.length - 1);
        } finally {
          seen.inFlight -= 1;
        }
      },
      ...options,
    },
    {
      random: () => 0.5,
      async sleep(ms) {
        if (ms === 7) return new Promise((resolve) => void lingering.push(resolve));
        seen.waits.push(ms);
      },
    },
  );
  return { sender, seen, lingering };
}

const refusing = (entries: readonly BatchEntry[], code: string, SenderFault: boolean, path: string): BatchAnswer => {
  const bad = entries.find((entry) => pathOf(entry) === path);
  const failed = bad && { Id: bad.Id, Code: code, Message: "no", SenderFault };
  return { ...taken(entries.filter((entry) => entry !== bad)), ...(failed && { Failed: [failed] }) };
};

const turns = async (count = 50): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await Promise.resolve();
};

async function all(sent: AsyncIterable<Sent>): Promise<Sent[]> {
  const found: Sent[] = [];
  for await (const each of sent) found.push(each);
  return found;
}

describe("send", () => {
  it("sends ten jobs in a request, each with its host as the group, and the rest with flush", async () => {
    const { sender, seen } = world();
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
    const { lingering, seen, sender } = world();
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
    const { seen, sender } = world();
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
    const { seen, sender } = world(answer, { batchesInFlight: 2 });
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
    const { seen, sender } = world(answer, { batchesInFlight: 1 });
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
    const { seen, sender } = world(async () => answered.promise);
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
    const { seen, sender } = world();
    await expect(sender.send({ url: "nowhere" })).rejects.toBeInstanceOf(InvalidJobError);
    await sender.send(jobAt(0));
    await sender.flush();
    expect(seen.requests.flat()).toHaveLength(1);
  });
});

describe("what the queue refuses", () => {
  it("for now is sent again, alone, after waits that double", async () => {
    const answer: Answer = (entries, request) =>
      request < 3 ? refusing(entries, "InternalError", false, "/4") : taken(entries);
    const { seen, sender } = world(answer);
    for (const job of jobs(10)) await sender.send(job);
    await sender.flush();
    expect(seen.requests.map((entries) => entries.map(pathOf).join(" "))).toEqual([
      "/0 /1 /2 /3 /4 /5 /6 /7 /8 /9",
      "/4",
      "/4",
      "/4",
    ]);
    expect(seen.waits).toEqual([75, 150, 300]);
  });

  it.each([
    { what: "for good, by the sender's fault", code: "InvalidMessageContents", fault: true, requests: 1 },
    { what: "although it is only busy", code: "RequestThrottled", fault: true, requests: 4 },
    { what: "again and again", code: "InternalError", fault: false, requests: 4 },
  ])("$what is told by flush after $requests requests, once", async ({ code, fault, requests }) => {
    const { seen, sender } = world((entries) => refusing(entries, code, fault, "/4"), { attempts: 4 });
    for (const job of jobs(10)) await sender.send(job);
    const error = await sender.flush().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(NotSentError);
    expect((error as NotSentError).refused).toMatchObject([{ job: jobAt(4), code, message: "no" }]);
    expect((error as NotSentError).message).toContain(
      `1 job was not sent. The queue said of the first one: ${code}: no.`,
    );
    expect(seen.requests).toHaveLength(requests);
    await sender.flush();
  });

  it("is told by the next send, which takes nothing, if nobody flushes", async () => {
    const { seen, sender } = world((entries) => refusing(entries, "InvalidMessageContents", true, "/4"));
    for (const job of jobs(10)) await sender.send(job);
    await turns();
    await expect(sender.send(jobAt(10))).rejects.toBeInstanceOf(NotSentError);
    await sender.send(jobAt(11));
    await sender.flush();
    expect(seen.requests[1]?.map(pathOf)).toEqual(["/11"]);
  });

  it("is told to onRefused, and then to nobody else", async () => {
    const refused: RefusedJob[] = [];
    const onRefused = (each: RefusedJob): void => void refused.push(each);
    const { sender } = world((entries) => refusing(entries, "InvalidMessageContents", true, "/4"), { onRefused });
    for (const job of jobs(10)) await sender.send(job);
    await sender.flush();
    expect(refused).toMatchObject([{ job: jobAt(4) }]);
  });

  it("is whatever the answer does not name", async () => {
    const { seen, sender } = world((entries, request) => (request === 0 ? taken(entries.slice(1)) : taken(entries)));
    for (const job of jobs(10)) await sender.send(job);
    await sender.flush();
    expect(seen.requests.map(({ length }) => length)).toEqual([10, 1]);
  });
});

describe("a request that fails", () => {
  const errorOf = (fields: object): Error => Object.assign(new Error("no"), fields);

  it.each([
    { what: "by the network", error: errorOf({ code: "ECONNRESET" }), code: "ECONNRESET", requests: 3 },
    { what: "by the queue's fault", error: errorOf({ name: "InternalFailure", $fault: "server" }), requests: 3 },
    { what: "by throttling", error: errorOf({ name: "ThrottlingException", $fault: "client" }), requests: 3 },
    { what: "by the caller's fault", error: errorOf({ name: "AccessDenied", $fault: "client" }), requests: 1 },
    { what: "with something that is no error", error: "no", code: "Unknown", requests: 3 },
  ])("$what is tried $requests times", async ({ code, error, requests }) => {
    const { seen, sender } = world(async () => Promise.reject(error), { attempts: 3 });
    for (const job of jobs(10)) await sender.send(job);
    const thrown = await sender.flush().catch((each: unknown) => each as NotSentError);
    expect(seen.requests).toHaveLength(requests);
    expect(thrown?.refused.map(({ job }) => job)).toEqual(jobs(10));
    expect(thrown?.refused[0]).toMatchObject({ code: code ?? error.name, message: "no" });
    expect(thrown?.message).toContain("10 jobs were not sent.");
  });

  it("and then succeeds loses nothing", async () => {
    const { sender } = world((entries, request) => {
      if (request < 2) throw errorOf({ name: "TimeoutError" });
      return taken(entries);
    });
    expect((await all(sender.sendAll(jobs(10)))).map(({ error }) => error)).toEqual(Array(10).fill(undefined));
  });
});

describe("sendAll", () => {
  async function* slowly(list: readonly Job[]) {
    for (const job of list) yield job;
  }

  it("yields how each job ended: sent, refused by the queue, or not valid", async () => {
    const { sender } = world((entries) => refusing(entries, "InvalidMessageContents", true, "/4"));
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
    const { sender } = world(taken, { batchesInFlight: 2 });
    let told = 0;
    for await (const end of sender.sendAll(counted())) {
      told += end.error === undefined ? 1 : 0;
      expect(asked - told).toBeLessThanOrEqual(40);
    }
    expect([told, asked]).toEqual([1000, 1000]);
  });

  it("left early, has sent what it took", async () => {
    const { seen, sender } = world();
    for await (const end of sender.sendAll(jobs(25))) if (end.index === 0) break;
    expect(seen.inFlight).toBe(0);
    expect(seen.requests.flat().length).toBeGreaterThanOrEqual(10);
  });

  it("of a source that fails throws its error, after it has sent what it took", async () => {
    async function* broken() {
      yield* jobs(3);
      throw new Error("the list broke off");
    }
    const { seen, sender } = world();
    await expect(all(sender.sendAll(broken()))).rejects.toThrow("the list broke off");
    expect(seen.requests.flat()).toHaveLength(3);
  });
});

it.each([
  [{ batchesInFlight: 0 }, "batchesInFlight must be a whole number from 1 to 256, not 0."],
  [{ attempts: 1.5 }, "attempts must be a whole number from 1 to 1000, not 1.5."],
  [{ lingerMs: -1 }, "lingerMs must be a whole number from 0 to 60000, not -1."],
])("the options %j are refused", (wrong, message) => {
  expect(() => world(taken, wrong)).toThrow(new RangeError(message));
});
