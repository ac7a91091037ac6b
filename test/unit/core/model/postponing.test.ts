import { describe, expect, it } from "vitest";
import { applyWrite } from "../../../../core/model/apply-write.ts";
import { decodeJob } from "../../../../core/model/record-codec.ts";
import { reopenJob } from "../../../../core/model/recovery-protocol.ts";
import { isParked, postponeJob } from "../../../../core/model/waiting.ts";
import type { Item, Write } from "../../../../core/model/write.ts";

const JOB_ID = "0123456789abcdef0123456789abcdef";
const NOW_MS = 1_800_000_000_000;
const GRACE_MS = 300_000;
const UNTIL_MS = NOW_MS + 60_000;
const postponement = postponeJob({ jobId: JOB_ID, nowMs: NOW_MS, untilMs: UNTIL_MS, graceMs: GRACE_MS });

const job = (changes: Item): Item => ({
  pk: `JOB#${JOB_ID}`,
  state: "LEASED",
  work_id: "w",
  artifact_id: "a",
  url: "https://example.org/a",
  planned_at: NOW_MS - 1,
  fence: 3,
  attempts: 1,
  strikes: 1,
  watch_shard: 4,
  ...changes,
});
const applied = (write: Write, item: Item): Item | undefined => {
  const outcome = applyWrite(write, item);
  return outcome.applied ? outcome.item : undefined;
};

describe("a job is postponed", () => {
  it("if it could begin: until its host has a place, watched for a grace after that", () => {
    const after = applied(postponement, job({ available_at: NOW_MS, watch_at: NOW_MS + GRACE_MS }));
    expect(after).toMatchObject({ available_at: UNTIL_MS, watch_at: UNTIL_MS + GRACE_MS, fence: 3 });
    expect(after && isParked(after)).toBe(false);
  });

  it.each([
    { what: "somebody holds it", item: job({ lease_owner: "w", available_at: NOW_MS }) },
    { what: "it waits longer already", item: job({ available_at: NOW_MS + 1 }) },
    { what: "it has ended", item: job({ state: "FAILED" }) },
  ])("not if $what", ({ item }) => {
    expect(applied(postponement, item)).toBeUndefined();
  });

  it("once: the same write again is refused", () => {
    const after = applied(postponement, job({ available_at: 0 }));
    expect(after && applied(postponement, after)).toBeUndefined();
  });

  it("again by the same write, to the same time and watched, if it was reopened between the two", () => {
    const failed = job({ state: "FAILED", reason: "http_404", failure_class: "origin", failed_at: NOW_MS + 1 });
    const reopened = applied(reopenJob(decodeJob(failed), "ada", NOW_MS + 5_000, GRACE_MS), failed);
    const after = reopened && applied(postponement, reopened);
    expect(after).toMatchObject({ available_at: UNTIL_MS, watch_at: UNTIL_MS + GRACE_MS, state: "LEASED", fence: 4 });
  });
});
