import { describe, expect, it } from "vitest";
import { contentKey, hashItemKey, jobIdOf } from "../../../../core/model/keys.ts";
import { answer, fileOrigin, MESSAGE, PART_BYTES, world } from "../../../simulation/world.ts";
import { SMALL, LARGE, sha256Of, eventsOf, leavesNoLitter } from "../support.ts";

describe("a complete download", () => {
  it.each([
    ["empty", Buffer.alloc(0)],
    ["small", SMALL],
    ["of exactly one part", Buffer.alloc(PART_BYTES, "x")],
    ["of one part and a byte", Buffer.alloc(PART_BYTES + 1, "x")],
    ["of several parts", LARGE],
    ["of several full parts", Buffer.alloc(3 * PART_BYTES, "x")],
  ])("%s: indexed under its hash, staging clean, message acknowledged", async (_name, body) => {
    const w = world();
    w.serve(fileOrigin(body));
    expect(await w.deliver()).toBe("acknowledge");
    const sha256 = sha256Of(body);
    expect(w.job()).toMatchObject({
      state: "INDEXED",
      attempts: 1,
      transfer: { sha256, bytes: body.length, contentType: "text/plain" },
    });
    expect(w.contentObjects.get(contentKey(sha256))).toMatchObject({ body, contentType: "text/plain" });
    expect(w.items.all.get(hashItemKey(sha256))).toMatchObject({ job_id: w.job()?.jobId, bytes: body.length });
    leavesNoLitter(w);
  });

  it("walks the states in order, each told once", async () => {
    const w = world();
    w.serve(fileOrigin(SMALL));
    await w.deliver();
    const walk = eventsOf(w, "job_state_changed").map((event) => "to_state" in event && event.to_state);
    expect(walk).toEqual(["LEASED", "HEAD_DONE", "RESUME_OK", "STREAMING", "FINALIZED", "INDEXED"]);
    expect(eventsOf(w, "operation_completed").map((event) => "op_type" in event && event.op_type)).toEqual([
      "HEAD",
      "STREAM",
      "FINALIZE",
      "INDEX",
    ]);
    expect(eventsOf(w, "lease_released")).toHaveLength(1);
  });

  it("takes six writes and no read of the table", async () => {
    const w = world();
    w.serve(fileOrigin(SMALL));
    await w.deliver();
    expect(w.items.history).toHaveLength(6);
  });

  it("of a body whose length nobody told", async () => {
    const w = world();
    w.serve(() => answer({ body: LARGE }));
    expect(await w.deliver()).toBe("acknowledge");
    expect(w.job()?.transfer?.sha256).toBe(sha256Of(LARGE));
    expect(w.items.history.some(({ after }) => "checkpoint" in after)).toBe(false);
    leavesNoLitter(w);
  });
});

describe("the same again", () => {
  it("a second delivery of a finished job asks nobody and writes nothing", async () => {
    const w = world();
    w.serve(fileOrigin(SMALL));
    await w.deliver();
    const [requests, writes, events] = [w.requests.length, w.items.history.length, w.events.length];
    expect(await w.deliver()).toBe("acknowledge");
    expect([w.requests.length, w.items.history.length, w.events.length]).toEqual([requests, writes, events]);
  });

  it("another job with the same content is deduplicated, not published again", async () => {
    const w = world();
    w.serve(fileOrigin(SMALL));
    const other = { ...MESSAGE, artifact_id: "other" };
    await w.deliver();
    await w.deliver(other);
    expect(w.job(other)?.state).toBe("DEDUPED");
    expect(w.job(other)?.operations.DEDUPE?.status).toBe("DONE");
    expect([...w.contentWrites.values()]).toEqual([1]);
    leavesNoLitter(w);
  });

  it("a delivery while another worker holds the lease is acknowledged: the record is watched", async () => {
    const w = world();
    let inner: Promise<string> | undefined;
    w.serve(async (request) => {
      inner ??= w.deliver();
      await inner;
      return fileOrigin(SMALL)(request);
    });
    expect(await w.deliver()).toBe("acknowledge");
    expect(await inner).toBe("acknowledge");
    expect(eventsOf(w, "job_leased")).toHaveLength(1);
    expect(w.job()?.state).toBe("INDEXED");
  });
});

it("a job's id is what a producer computes", async () => {
  const w = world();
  w.serve(fileOrigin(SMALL));
  await w.deliver();
  expect(w.job()?.jobId).toBe(jobIdOf(MESSAGE));
});
