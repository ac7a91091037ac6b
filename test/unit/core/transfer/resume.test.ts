import { describe, expect, it } from "vitest";
import type { Checkpoint } from "../../../../core/model/record.ts";
import { continuesFrom, decideResume, rangeHeaders } from "../../../../core/transfer/resume.ts";
import { answer, type Answer } from "../../../simulation/world.ts";

const DATE = "Thu, 01 Jan 2026 00:00:10 GMT";

describe("resuming a transfer", () => {
  const checkpoint: Checkpoint = {
    stagedBy: "1",
    uploadId: "u",
    validator: '"v1"',
    totalBytes: 100,
    offset: 40,
    hashState: "",
    partsDigest: "",
    contentType: "text/plain",
  };

  it("starts over without a checkpoint, resumes from one in the middle, and completes from one at the end", () => {
    expect(decideResume(undefined).kind).toBe("start over");
    expect(decideResume(checkpoint).kind).toBe("resume");
    expect(decideResume({ ...checkpoint, offset: 100 }).kind).toBe("complete");
  });

  it("requests the missing range, and only of the same version (If-Range)", () => {
    expect(rangeHeaders(checkpoint, { offset: 40 })).toEqual({ range: "bytes=40-", "if-range": '"v1"' });
    expect(rangeHeaders(checkpoint, { offset: 40, end: 50 })).toEqual({ range: "bytes=40-49", "if-range": '"v1"' });
  });

  it.each([
    ["bytes 40-49/100", true],
    ["bytes 40-48/100", false],
    ["bytes 40-99/100", false],
  ])("of a range with an end, believes only an answer that ends there: %s", (contentRange, isBelieved) => {
    const range = answer({ status: 206, headers: { "content-range": contentRange } });
    expect(continuesFrom(checkpoint, { offset: 40, end: 50 }, range)).toBe(isBelieved);
  });

  const good: Answer = { status: 206, headers: { "content-range": "bytes 40-99/100", etag: '"v1"' } };
  it.each<[string, Answer, boolean]>([
    ["the requested range", good, true],
    ["the requested range, without an ETag", { status: 206, headers: { "content-range": "bytes 40-99/100" } }, true],
    [
      "the requested range, with Last-Modified and Date",
      {
        ...good,
        headers: { "content-range": "bytes 40-99/100", "last-modified": "Thu, 01 Jan 2026 00:00:00 GMT", date: DATE },
      },
      true,
    ],
    ["a range with another start", { ...good, headers: { "content-range": "bytes 0-99/100" } }, false],
    ["a range of another total length", { ...good, headers: { "content-range": "bytes 40-100/101" } }, false],
    ["a range of an unknown total length", { ...good, headers: { "content-range": "bytes 40-99/*" } }, false],
    ["the range of another version", { ...good, headers: { ...good.headers, etag: '"v2"' } }, false],
    ["the whole body", { ...good, status: 200 }, false],
  ])("with an answer that is %s: accepted %s", (_name, response, isBelieved) => {
    expect(continuesFrom(checkpoint, { offset: 40 }, answer(response))).toBe(isBelieved);
  });
});
