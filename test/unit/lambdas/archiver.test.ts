/** Runs the real handler with an archive in memory. */
import type { DynamoDBRecord } from "aws-lambda";
import { describe, expect, it } from "vitest";
import { createHandler } from "../../../lambdas/archiver/create-handler.ts";
import { streamRecord } from "../../stream-event.ts";
import { INVOCATION } from "../../invocation.ts";

const job = (id: string, more: object = {}) => ({ pk: `JOB#${id}`, state: "INDEXED", work_id: "w", ...more });
const expired = (id: string, at: number) => streamRecord({ before: job(id), isExpiry: true, at });

function archiver(isThere = true) {
  const objects: { key: string; text: string }[] = [];
  const deadLetters: string[] = [];
  const handler = createHandler({
    archive: {
      put: async (key, text) => {
        if (!isThere) throw new Error("SlowDown");
        objects.push({ key, text });
      },
    },
    deadLetters: { sendToDeadLetters: async (body) => void deadLetters.push(body) },
    telemetry: {
      emit: () => undefined,
      log: () => undefined,
      flush: () => undefined,
      invocationStarted: () => undefined,
    },
  });
  return { objects, deadLetters, run: async (...Records: DynamoDBRecord[]) => handler({ Records }, INVOCATION) };
}

describe("the archiver", () => {
  it("writes a batch to one object under the day of its first removal, one line per record", async () => {
    const { objects, run } = archiver();
    await run(expired("1", 1), expired("2", 90_000));
    expect(objects).toEqual([
      {
        key: expect.stringMatching(/^ledger\/2026\/11\/25\/[0-9a-f]{32}\.jsonl\.gz$/),
        text: '{"pk":"JOB#1","state":"INDEXED","work_id":"w"}\n{"pk":"JOB#2","state":"INDEXED","work_id":"w"}\n',
      },
    ]);
  });

  it("overwrites its object if the same batch is delivered again", async () => {
    const { objects, run } = archiver();
    const batch = [expired("1", 1), expired("2", 2), expired("3", 3)];
    await run(...batch);
    await run(...batch);
    expect(objects[1]).toEqual(objects[0]);
  });

  it.each([
    { other: "fewer records", batch: [expired("1", 1)] },
    { other: "another order", batch: [expired("2", 2), expired("1", 1)] },
    {
      other: "another record of the same job",
      batch: [expired("1", 1), streamRecord({ before: job("2", { v: 2 }), isExpiry: true })],
    },
  ])("writes a different batch to another object: $other", async ({ batch }) => {
    const { objects, run } = archiver();
    await run(expired("1", 1), expired("2", 2));
    await run(...batch);
    expect(objects[1]?.key).not.toBe(objects[0]?.key);
  });

  it.each([
    { what: "was deleted by hand", record: streamRecord({ before: job("1") }) },
    {
      what: "was modified by DynamoDB itself",
      record: { ...expired("1", 1), eventName: "MODIFY" as const },
    },
    { what: "is not a job", record: streamRecord({ before: { pk: "HASH#1", bytes: 1 }, isExpiry: true }) },
    { what: "has no image", record: streamRecord({ isExpiry: true }) },
  ])("leaves out a record that $what", async ({ record }) => {
    const { objects, run } = archiver();
    await run(record);
    expect(objects).toEqual([]);
    await run(record, expired("2", 2));
    expect(objects.map(({ text }) => text)).toEqual(['{"pk":"JOB#2","state":"INDEXED","work_id":"w"}\n']);
  });

  it("sends a record that has no exact JSON form to the dead-letter queue, and archives the others", async () => {
    const broken = expired("1", 1);
    const OldImage = { ...broken.dynamodb?.OldImage, fence: { N: "123456789012345678901234567890" } };
    const { deadLetters, objects, run } = archiver();
    await run({ ...broken, dynamodb: { ...broken.dynamodb, OldImage } }, expired("2", 2));
    expect([deadLetters.length, objects.length]).toEqual([1, 1]);
  });

  it("fails the batch, which Lambda repeats, if the archive refuses the object", async () => {
    await expect(archiver(false).run(expired("1", 1))).rejects.toThrow("SlowDown");
  });
});
