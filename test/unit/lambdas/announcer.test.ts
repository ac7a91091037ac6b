/** Runs the real handler on the table changes that a real job makes. */
import type { DynamoDBRecord } from "aws-lambda";
import { describe, expect, it } from "vitest";
import { announcement, EVENT_TYPES } from "../../../core/model/announcement.ts";
import type { Item, Value } from "../../../core/model/write.ts";
import { contentKey, jobIdOf } from "../../../core/model/keys.ts";
import type { AnnouncementBus } from "../../../core/ports/announcement-bus.ts";
import { createHandler } from "../../../lambdas/announcer/create-handler.ts";
import { streamRecord } from "../../stream-event.ts";
import { announcementsIn, type Told } from "../../simulation/services/bus.ts";
import { answer, fileOrigin, MESSAGE, world, type World } from "../../simulation/world.ts";
import { LARGE, sha256Of } from "../core/support.ts";
import type { TelemetryEvent } from "../../../core/telemetry/events.ts";
import { checkEvent } from "../../event-check.ts";
import { INVOCATION } from "../../invocation.ts";

type Outcome = Awaited<ReturnType<AnnouncementBus["publish"]>>;

function announcer(
  outcome: (given: number) => Outcome | Error = (taken) => ({ taken }),
  { isSetAside = true, batchBytes }: { isSetAside?: boolean; batchBytes?: number } = {},
) {
  const announced: Told[] = [];
  const types: string[] = [];
  const deadLetters: { body: string; reason: string }[] = [];
  const logs: string[] = [];
  const events: TelemetryEvent[] = [];
  let flushes = 0;
  const handler = createHandler({
    bus: {
      publish: async (published) => {
        types.push(...published.map(({ type }) => type));
        announced.push(...published.flatMap(announcementsIn));
        const said = outcome(published.length);
        if (said instanceof Error) throw said;
        return said;
      },
    },
    deadLetters: {
      sendToDeadLetters: async (body, reason) => {
        if (!isSetAside) throw new Error("the queue is not there");
        deadLetters.push({ body, reason });
      },
    },
    telemetry: {
      emit: (event) => {
        checkEvent(event);
        events.push(event);
      },
      log: (level, message) => void logs.push(`${level}: ${message}`),
      flush: () => void flushes++,
      invocationStarted: () => undefined,
    },
    contentBucket: "content",
    batchBytes,
  });
  return {
    announced,
    types,
    deadLetters,
    logs,
    events,
    run: async (...Records: DynamoDBRecord[]) => handler({ Records }, INVOCATION),
    flushes: () => flushes,
  };
}

async function storedTwice(): Promise<World> {
  const w = world();
  w.serve(fileOrigin(LARGE, '"v1"', "application/pdf"));
  await w.deliver();
  await w.deliver({ ...MESSAGE, artifact_id: "twin" });
  return w;
}

const changesOf = ({ items }: World, state?: string): DynamoDBRecord[] =>
  items.history
    .map((change, at) => ({ ...change, at }))
    .filter(({ after }) => state === undefined || after["state"] === state)
    .map(streamRecord);

describe("the announcer", () => {
  it("announces each completed job once, out of all changes of the table", async () => {
    const w = await storedTwice();
    const { announced, run } = announcer();
    expect(await run(...changesOf(w))).toEqual({ batchItemFailures: [] });
    const sha256 = sha256Of(LARGE);
    const common = {
      schema_version: 1,
      work_id: "work",
      url: MESSAGE.url,
      sha256,
      bytes: LARGE.length,
      content_type: "application/pdf",
      etag: '"v1"',
      bucket: "content",
      key: contentKey(sha256),
      finished_at: new Date(w.clock.nowMs()).toISOString(),
    };
    const twin = { ...MESSAGE, artifact_id: "twin" };
    expect(announced).toEqual([
      { ...common, id: jobIdOf(MESSAGE), artifact_id: "artifact", state: "INDEXED" },
      { ...common, id: jobIdOf(twin), artifact_id: "twin", state: "DEDUPED" },
    ]);
  });

  it("announces a job that failed, with the class and the reason, and what the producer said of it", async () => {
    const w = world();
    w.serve(() => answer({ status: 404 }));
    await w.deliver({ ...MESSAGE, metadata: { shelf: 7 } });
    const [single, batched] = [announcer(), announcer(undefined, { batchBytes: 64_000 })];
    for (const { run } of [single, batched]) expect(await run(...changesOf(w))).toEqual({ batchItemFailures: [] });
    expect(single.announced).toEqual([
      {
        schema_version: 1,
        id: jobIdOf(MESSAGE),
        work_id: "work",
        artifact_id: "artifact",
        url: MESSAGE.url,
        state: "FAILED",
        failure_class: "origin",
        reason: "http_404",
        redrives: 0,
        metadata: { shelf: 7 },
        finished_at: new Date(w.clock.nowMs()).toISOString(),
      },
    ]);
    expect(batched.announced).toEqual(single.announced);
    expect([single.types, batched.types]).toEqual([["Artifact Failed"], ["Artifacts Failed"]]);
  });

  it("counts how often a job that failed had been reopened", async () => {
    const w = world();
    w.serve(() => answer({ status: 404 }));
    await w.deliver();
    const { after = {}, before } = w.items.history.findLast(({ after: item }) => item["state"] === "FAILED") ?? {};
    const { announced, run } = announcer();
    await run(streamRecord({ before, after: { ...after, redrives: 2 } }));
    expect(announced).toEqual([expect.objectContaining({ state: "FAILED", redrives: 2 })]);
  });

  it("makes the same announcements of the same changes an hour later", async () => {
    const w = await storedTwice();
    const { announced, run } = announcer();
    await run(...changesOf(w));
    await w.clock.advance(3_600_000);
    await run(...changesOf(w));
    expect(announced.slice(2)).toEqual(announced.slice(0, 2));
  });

  it.each([
    { what: "is written again", of: (job: Item) => ({ before: job, after: { ...job, touched: 1 } }) },
    { what: "is restored after it was missing", of: (job: Item) => ({ after: job }) },
    { what: "is removed", of: (job: Item) => ({ before: job }) },
    {
      what: "has failed and is written again",
      of: (job: Item) => ({ before: { ...job, state: "FAILED" }, after: { ...job, state: "FAILED", touched: 1 } }),
    },
    {
      what: "is reopened",
      of: (job: Item) => ({ before: { ...job, state: "FAILED" }, after: { ...job, state: "LEASED" } }),
    },
    { what: "is not a job", of: () => ({ after: { pk: "HASH#1", bytes: 1 } }) },
  ])("announces nothing for a record that $what", async ({ of }) => {
    const job = (await storedTwice()).items.history.findLast(({ after }) => after["state"] === "INDEXED")?.after ?? {};
    const { announced, deadLetters, run } = announcer();
    expect(await run(streamRecord(of(job)))).toEqual({ batchItemFailures: [] });
    expect([announced, deadLetters]).toEqual([[], []]);
  });

  it.each([0, 1])(
    "makes the stream continue from the announcement that the bus refused, after %i taken",
    async (taken) => {
      const w = await storedTwice();
      const { events, logs, run } = announcer(() => ({ taken, refusal: "ThrottlingException" }));
      const records = [...changesOf(w, "FINALIZED"), ...changesOf(w, "INDEXED"), ...changesOf(w, "DEDUPED")];
      const refused = [...changesOf(w, "INDEXED"), ...changesOf(w, "DEDUPED")][taken];
      expect(await run(...records)).toEqual({
        batchItemFailures: [{ itemIdentifier: refused?.dynamodb?.SequenceNumber }],
      });
      expect(logs).toEqual(["warn: The bus refused an announcement. The stream delivers it again."]);
      expect(events).toEqual([
        { event: "delivery_failed", component: "announcer", error_class: "ThrottlingException" },
      ]);
    },
  );

  it("says the same in a batch as in single events", async () => {
    const w = await storedTwice();
    const [single, batched] = [announcer(), announcer(undefined, { batchBytes: 64_000 })];
    for (const { run } of [single, batched]) await run(...changesOf(w));
    expect(batched.announced).toEqual(single.announced);
    expect(batched.types).toEqual([EVENT_TYPES.stored.batch]);
  });

  it.each([
    { taken: 0, goesOnFrom: 0 },
    { taken: 1, goesOnFrom: 2 },
  ])(
    "makes the stream continue from the first announcement of the batch that the bus refused, after $taken taken",
    async ({ taken, goesOnFrom }) => {
      const w = await storedTwice();
      const stored = [...changesOf(w, "INDEXED"), ...changesOf(w, "DEDUPED")];
      const again = stored.map(({ dynamodb, ...record }) => ({
        ...record,
        dynamodb: { ...dynamodb, SequenceNumber: `${dynamodb?.SequenceNumber}1` },
      }));
      const records = [...stored, ...again];
      // Two fill a batch.
      const { run, types } = announcer(() => ({ taken, refusal: "InternalFailure" }), { batchBytes: 1100 });
      expect(await run(...records)).toEqual({
        batchItemFailures: [{ itemIdentifier: records[goesOnFrom]?.dynamodb?.SequenceNumber }],
      });
      expect(types).toEqual([EVENT_TYPES.stored.batch, EVENT_TYPES.stored.batch]);
    },
  );

  it("announces the longest of what a producer and an origin may say", async () => {
    const w = world();
    const long = "x".repeat(16_000);
    w.serve((request) => {
      const served = fileOrigin(LARGE, `"${"e".repeat(254)}"`, `text/plain; a=${long}`)(request);
      return served;
    });
    // JSON writes each of these characters with six bytes.
    const worst = "\u0001".repeat(512);
    const url = `http://origin.example/${"\u{10ffff}".repeat((8192 - 30) / 2)}`;
    await w.deliver({ work_id: worst, artifact_id: worst, url, metadata: { m: "\u0001".repeat(160) } });
    const { announced, deadLetters, logs, run } = announcer();
    await run(...changesOf(w));
    expect([announced.length, deadLetters, logs]).toEqual([1, [], []]);
    expect(announcement.parse(announced[0]).url).toBe(url);
    expect(Buffer.byteLength(JSON.stringify(announced[0]))).toBeGreaterThan(40_000);
  });

  it("sets an announcement aside that no event can hold, and sends the others", async () => {
    const w = await storedTwice();
    const { after = {}, before } = w.items.history.findLast(({ after: item }) => item["state"] === "INDEXED") ?? {};
    const tooLong = streamRecord({ before, after: { ...after, url: `http://x/${"u".repeat(262_144)}` } });
    const { announced, deadLetters, run } = announcer();
    expect(await run(tooLong, ...changesOf(w, "DEDUPED"))).toEqual({ batchItemFailures: [] });
    expect(announced.map(({ state }) => state)).toEqual(["DEDUPED"]);
    expect(deadLetters.map(({ reason }) => reason)).toEqual([
      expect.stringMatching(/The announcement has 262\d{3} bytes, and an event takes 261120/),
    ]);
  });

  it("fails the whole batch if the bus does not answer, and still flushes its log", async () => {
    const w = await storedTwice();
    const { flushes, run } = announcer(() => new Error("socket hang up"));
    await expect(run(...changesOf(w))).rejects.toThrow("socket hang up");
    expect(flushes()).toBe(1);
  });

  const withHash = (operation: Value | undefined, sha256: string): Value => {
    const { result, ...rest } = operation as { readonly result: Item };
    return { ...(rest as Item), result: { ...result, sha256 } };
  };
  const UNREADABLE: readonly (readonly [what: string, breakIt: (job: Item) => Item, why: RegExp])[] = [
    ["has no content", ({ op_stream: _transfer, ...rest }) => rest, /the transfer of a stored job/],
    ["has not completed its last operation", ({ op_index: _index, ...rest }) => rest, /finished_at/],
    ["has an invalid hash", (job) => ({ ...job, op_stream: withHash(job["op_stream"], "x") }), /sha256/],
  ];

  it.each(UNREADABLE)(
    "sends a record that %s to the dead-letter queue, and announces the others",
    async (_what, breakIt, why) => {
      const w = await storedTwice();
      const { after = {}, before } = w.items.history.findLast(({ after: item }) => item["state"] === "INDEXED") ?? {};
      const broken = streamRecord({ before, after: breakIt(after) });
      const { announced, deadLetters, logs, run } = announcer();
      expect(await run(broken, ...changesOf(w, "DEDUPED"))).toEqual({ batchItemFailures: [] });
      expect(announced.map(({ state }) => state)).toEqual(["DEDUPED"]);
      expect(deadLetters.map(({ body }) => JSON.parse(body) as unknown)).toEqual([broken]);
      expect(deadLetters[0]?.reason).toMatch(why);
      expect(logs).toEqual(["error: A stream record cannot be read and went to the dead-letter queue."]);
    },
  );

  it("sends a record whose image cannot be decoded to the dead-letter queue", async () => {
    const [record] = changesOf(await storedTwice(), "INDEXED");
    const NewImage = { ...record?.dynamodb?.NewImage, fence: { Q: "2" } } as never;
    const { announced, deadLetters, run } = announcer();
    await run({ ...record, dynamodb: { ...record?.dynamodb, NewImage } });
    expect([announced.length, deadLetters.length]).toEqual([0, 1]);
  });

  it("fails the batch, which Lambda repeats, if the dead-letter queue is down", async () => {
    const [record] = changesOf(await storedTwice(), "INDEXED");
    const { run } = announcer(undefined, { isSetAside: false });
    const NewImage = { ...record?.dynamodb?.NewImage, op_stream: { S: "?" } };
    await expect(run({ ...record, dynamodb: { ...record?.dynamodb, NewImage } })).rejects.toThrow("not there");
  });
});
