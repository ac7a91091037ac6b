import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  canonicalJson,
  contentKey,
  jobIdOf,
  jobIdOfItemKey,
  jobIdOfStagingKey,
  jobItemKey,
  jobKeyOf,
  operationKeyOf,
  stagingKey,
  watchShardOf,
  watchShards,
} from "../../../../core/model/keys.ts";

const IDENTITY = { work_id: "w", artifact_id: "a", url: "https://example.com/x" };

describe("canonical JSON", () => {
  it("does not depend on the order of the fields", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.integer()), (fields) => {
        const reversed = Object.fromEntries(Object.entries(fields).reverse());
        expect(canonicalJson(reversed)).toBe(canonicalJson(fields));
      }),
    );
  });

  it("is JSON that parses back to the same value", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value as never))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

describe("the job key", () => {
  it("is the SHA-256 of the identity's canonical JSON, so that any producer can compute it", () => {
    const text = '{"artifact_id":"a","kind":"JOB","url":"https://example.com/x","v":1,"work_id":"w"}';
    expect(jobKeyOf(IDENTITY)).toBe(createHash("sha256").update(text).digest("hex"));
    expect(jobIdOf(IDENTITY)).toBe(jobKeyOf(IDENTITY).slice(0, 32));
  });

  it("is the same for all spellings of a URL", () => {
    expect(jobKeyOf({ ...IDENTITY, url: "HTTPS://EXAMPLE.com:443/./x#part" })).toBe(jobKeyOf(IDENTITY));
  });

  it.each([{ work_id: "v" }, { artifact_id: "b" }, { url: "https://example.com/y" }])("changes with %j", (change) => {
    expect(jobKeyOf({ ...IDENTITY, ...change })).not.toBe(jobKeyOf(IDENTITY));
  });
});

describe("the operation key", () => {
  it.each([
    { kind: "STREAM" as const, jobId: "j", context: { url: "u", validator: '"1"' } },
    { kind: "HEAD" as const, jobId: "k", context: { url: "u", validator: '"1"' } },
    { kind: "HEAD" as const, jobId: "j", context: { url: "u", validator: '"2"' } },
  ])("changes with kind, job and context: $kind $jobId $context.validator", ({ kind, jobId, context }) => {
    const base = operationKeyOf("HEAD", "j", { url: "u", validator: '"1"' });
    expect(operationKeyOf(kind, jobId, context)).not.toBe(base);
  });
});

it("content keys are spread over two levels of 256 prefixes", () => {
  expect(contentKey(`abcd${"0".repeat(60)}`)).toBe(`sha256/ab/cd/abcd${"0".repeat(60)}`);
});

it("the job id can be read back from an item key and from a staging key", () => {
  const jobId = jobIdOf(IDENTITY);
  expect(jobIdOfItemKey(jobItemKey(jobId))).toBe(jobId);
  expect(jobIdOfStagingKey(stagingKey(jobId, "7"))).toBe(jobId);
});

it.each([8, 20, 64])("jobs are spread over all of %i watch shards, which are among those that are read", (shards) => {
  const ids = Array.from({ length: 1000 }, (_, n) => jobIdOf({ ...IDENTITY, work_id: `w${n}` }));
  const used = new Set(ids.map((id) => watchShardOf(id, shards)));
  expect([...used].sort((a, b) => a - b)).toEqual(watchShards().slice(0, shards));
});
