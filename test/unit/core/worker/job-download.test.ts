import { describe, expect, it } from "vitest";
import { contentKey, hashItemKey, jobIdOf } from "../../../../core/model/keys.ts";
import { answer, fileOrigin, MESSAGE, PART_BYTES, world } from "../../../simulation/world.ts";
import { SMALL, LARGE, sha256Of, eventsOf, leavesNoLitter } from "../support.ts";

describe("a complete download", () => {
  it.each([
    ["empty", Buffer.alloc(0)],
    ["small", SMALL],
    ["exactly one part", Buffer.alloc(PART_BYTES, "x")],
    ["one part and a byte", Buffer.alloc(PART_BYTES + 1, "x")],
    ["several parts", LARGE],
    ["several full parts", Buffer.alloc(3 * PART_BYTES, "x")],
  ])(
    "of a body that is %s is indexed by its hash, leaves staging empty, and acknowledges its message",
    async (_name, body) => {
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
    },
  );

  it.each([
    ["staged", 0],
    ["put at its content address", 1000],
  ])("of a body that is %s goes through the states in order, and emits one event for each", async (_how, bytes) => {
    const w = world({ settings: { stageFromBytes: bytes } });
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

  it("of a small body that is staged takes five writes of the table", async () => {
    const w = world();
    w.serve(fileOrigin(SMALL));
    await w.deliver();
    expect(w.items.history).toHaveLength(5);
  });

  it("of a body of unknown length works, without a checkpoint", async () => {
    const w = world();
    w.serve(() => answer({ body: LARGE }));
    expect(await w.deliver()).toBe("acknowledge");
    expect(w.job()?.transfer?.sha256).toBe(sha256Of(LARGE));
    expect(w.items.history.some(({ after }) => "checkpoint" in after)).toBe(false);
    leavesNoLitter(w);
  });
});

describe("a delivery", () => {
  it("of a finished job sends no request to the origin, writes nothing and emits nothing", async () => {
    const w = world();
    w.serve(fileOrigin(SMALL));
    await w.deliver();
    const [requests, writes, events] = [w.requests.length, w.items.history.length, w.events.length];
    expect(await w.deliver()).toBe("acknowledge");
    expect([w.requests.length, w.items.history.length, w.events.length]).toEqual([requests, writes, events]);
  });

  it("of another job with the same content ends DEDUPED and publishes nothing again", async () => {
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

  it("while another worker holds the lease is acknowledged, because the reconciler watches the record", async () => {
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

it("the id of a job is the one that a producer computes from its message", async () => {
  const w = world();
  w.serve(fileOrigin(SMALL));
  await w.deliver();
  expect(w.job()?.jobId).toBe(jobIdOf(MESSAGE));
});
