import { describe, expect, it } from "vitest";
import { jobIdOf, jobItemKey } from "../../../../core/model/keys.ts";
import type { JobMessage } from "../../../../core/model/message.ts";
import { present } from "../../../../core/model/present.ts";
import type { JobRecord } from "../../../../core/model/record.ts";
import { cancelMessage, cancelSeen, type CancelDeps } from "../../../../core/recovery/cancel-jobs.ts";
import { redriveFailed, selects } from "../../../../core/recovery/redrive-failed.ts";
import { announcementOf } from "../../../../core/stream/announcement-of.ts";
import { answer, fileOrigin, MESSAGE, world, type World, writingBy } from "../../../simulation/world.ts";

const BODY = Buffer.from("a body of more than two parts");
const RETENTION_MS = 86_400_000;
const WAITS = answer({ status: 503, headers: { "retry-after": "60" } });

const recordIn = (w: World, message: JobMessage = MESSAGE): JobRecord => present(w.job(message), "the job's record");
const itemIn = (w: World) => w.items.all.get(jobItemKey(jobIdOf(MESSAGE)));

/** A job that waits for its second attempt. */
async function waiting(wrap: (deps: CancelDeps) => CancelDeps = (deps) => deps) {
  const w = world();
  w.serve(() => WAITS);
  await w.deliver();
  return { w, deps: wrap(w.deps) };
}

describe("cancelling", () => {
  it("ends a job that waits, which no message and no reconciler brings back", async () => {
    const { w, deps } = await waiting();
    const seen = recordIn(w);
    expect(await cancelSeen(deps, seen)).toBe("cancelled");
    const nowMs = w.clock.nowMs();
    expect(recordIn(w)).toMatchObject({
      state: "FAILED",
      reason: "cancelled",
      failureClass: "policy",
      failedAtMs: nowMs,
    });
    expect(recordIn(w).fence).toBe(seen.fence + 1);
    expect(itemIn(w)).toMatchObject({ expires_at: (nowMs + RETENTION_MS) / 1000 });
    for (const name of ["lease_owner", "available_at", "watch_at", "watch_shard"])
      expect(itemIn(w)).not.toHaveProperty(name);
    w.serve(fileOrigin(BODY));
    await w.clock.advance(3_600_000);
    const asked = w.requests.length;
    expect(await w.deliver()).toBe("acknowledge");
    await w.reconcile();
    expect(w.requests.length).toBe(asked);
    expect(recordIn(w).state).toBe("FAILED");
  });

  it("tells of the job's end, once", async () => {
    const { w, deps } = await waiting();
    const { state } = recordIn(w);
    await cancelSeen(deps, recordIn(w));
    await cancelSeen(deps, recordIn(w));
    expect(w.events.filter(({ event }) => event === "job_state_changed").slice(-1)).toMatchObject([
      {
        from_state: state,
        to_state: "FAILED",
        reason: "cancelled",
        failure_class: "policy",
        host: "origin.example",
      },
    ]);
    expect(w.events.filter((event) => "reason" in event && event.reason === "cancelled").length).toBe(1);
  });

  it("ends a job before it has begun, whose message then changes nothing", async () => {
    const w = world();
    const message = { ...MESSAGE, sha256: "ab".repeat(32), metadata: { row: 7 }, identity: "the file" };
    expect(await cancelMessage(w.deps, message)).toBe("cancelled");
    expect(recordIn(w, message)).toMatchObject({
      state: "FAILED",
      reason: "cancelled",
      attempts: 0,
      expectedSha256: "ab".repeat(32),
      order: { metadata: { row: 7 }, identity: "the file" },
    });
    expect(await w.deliver(message)).toBe("acknowledge");
    expect(w.requests).toEqual([]);
  });

  it("announces both kinds as failures, and no record that is merely written again", async () => {
    const { w, deps } = await waiting();
    await cancelSeen(deps, recordIn(w));
    await cancelMessage(deps, { ...MESSAGE, artifact_id: "unbegun" });
    const told = w.items.history
      .map((change) => announcementOf({ ...change, isExpiry: false }, "content"))
      .filter((each) => each !== undefined);
    expect(told).toMatchObject([
      { artifact_id: "artifact", state: "FAILED", reason: "cancelled", failure_class: "policy" },
      { artifact_id: "unbegun", state: "FAILED", reason: "cancelled", failure_class: "policy" },
    ]);
    expect(announcementOf({ before: undefined, after: itemIn(w), isExpiry: false }, "content")).toBeUndefined();
  });

  it("goes by the record as it is when it has changed hands since it was seen", async () => {
    const { w, deps } = await waiting();
    const seen = recordIn(w);
    await w.clock.advance(120_000);
    await w.deliver();
    expect(recordIn(w).fence).toBeGreaterThan(seen.fence);
    expect(await cancelSeen(deps, seen)).toBe("cancelled");
    expect(await cancelMessage(deps, MESSAGE)).toBe("ended");
  });

  it("leaves a job alone that has ended since it was seen", async () => {
    const { w, deps } = await waiting();
    const seen = recordIn(w);
    w.serve(fileOrigin(BODY));
    await w.clock.advance(120_000);
    await w.deliver();
    expect(await cancelSeen(deps, seen)).toBe("ended");
    expect(await cancelMessage(deps, MESSAGE)).toBe("ended");
    expect(recordIn(w).state).toBe("INDEXED");
  });

  it("recognizes its own write whose answer was lost", async () => {
    const twice = writingBy(async (pass) => {
      await pass();
      return pass();
    });
    const { w, deps } = await waiting(twice);
    expect(await cancelSeen(deps, recordIn(w))).toBe("cancelled");
    expect(await cancelMessage(deps, { ...MESSAGE, artifact_id: "unbegun" })).toBe("cancelled");
  });

  it("takes a record for ended that is gone", async () => {
    const { w, deps } = await waiting(writingBy(async () => Promise.resolve({ applied: false, item: undefined })));
    expect(await cancelSeen(deps, recordIn(w))).toBe("ended");
    expect(await cancelMessage(deps, MESSAGE)).toBe("ended");
  });

  it("gives up on a job that changes hands each time", async () => {
    let fence = 1;
    const { w, deps } = await waiting(
      writingBy(async () => Promise.resolve({ applied: false, item: { ...itemIn(w), fence: ++fence } })),
    );
    await expect(cancelSeen(deps, recordIn(w))).rejects.toThrow(/changed hands 20 times .* Cancel it again\.$/);
  });

  it("is undone by a redrive that asks for it, and by no other", async () => {
    const { w, deps } = await waiting();
    await cancelSeen(deps, recordIn(w));
    await cancelMessage(deps, { ...MESSAGE, artifact_id: "unbegun" });
    expect(selects({}, recordIn(w))).toBe(false);
    expect(selects({ reason: "cancelled" }, recordIn(w))).toBe(false);
    const reopened: string[] = [];
    await redriveFailed(
      { ...w.deps, failedJobs: w.items.failedJobs, settings: { requeueGraceMs: 1 } },
      {
        selection: { alsoCancelled: true },
        limit: 9,
        isDryRun: false,
        onJob: (_job, outcome) => reopened.push(outcome),
      },
    );
    expect(reopened).toEqual(["reopened", "reopened"]);
    expect(itemIn(w)).not.toHaveProperty("cancelled_by");
    w.serve(fileOrigin(BODY));
    for (const { body } of w.sent.slice(-2)) await w.deliver(body);
    expect(recordIn(w).state).toBe("INDEXED");
    expect(recordIn(w, { ...MESSAGE, artifact_id: "unbegun" }).state).toBe("DEDUPED");
  });
});

describe("a worker whose job is cancelled", () => {
  const LOOKS_EVERY_MS = 3_000;

  /** A job whose answer to GET does not come before it is let. */
  function held(looksEveryMs: number, wrapped: Parameters<typeof world>[0] = {}) {
    const w = world({ settings: { looksEveryMs }, ...wrapped });
    const asked = Promise.withResolvers<void>();
    const letGo = Promise.withResolvers<void>();
    w.serve(async (request) => {
      if (request.method === "HEAD") return fileOrigin(BODY)(request);
      asked.resolve();
      await Promise.race([letGo.promise, aborted(request.signal)]);
      return fileOrigin(BODY)(request);
    });
    return { w, asked: asked.promise, end: () => letGo.resolve() };
  }

  const aborted = async (signal: AbortSignal): Promise<never> =>
    new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
    });

  it("stops at its next look, and stages nothing; a further message of the job changes nothing", async () => {
    const { w, asked } = held(LOOKS_EVERY_MS);
    const verdict = w.deliver();
    await asked;
    expect(await cancelSeen(w.deps, recordIn(w))).toBe("cancelled");
    await w.clock.advance(LOOKS_EVERY_MS);
    expect(await verdict).toBe("acknowledge");
    expect(w.stagedObjects.size + w.uploads.size + w.contentObjects.size).toBe(0);
    expect(await w.deliver()).toBe("acknowledge");
    expect(recordIn(w).state).toBe("FAILED");
  });

  it("finds out with its next write if it does not look", async () => {
    const { w, asked, end } = held(0);
    const verdict = w.deliver();
    await asked;
    await cancelSeen(w.deps, recordIn(w));
    await w.clock.advance(LOOKS_EVERY_MS);
    end();
    expect(await verdict).toBe("acknowledge");
    expect(recordIn(w)).toMatchObject({ state: "FAILED", reason: "cancelled" });
  });

  it("goes on with a job whose record cannot be read at the moment", async () => {
    let reads = 0;
    const { w, asked, end } = held(LOOKS_EVERY_MS, {
      wrap: (deps) => ({
        ...deps,
        items: {
          ...deps.items,
          read: async (key) => {
            if (key !== jobItemKey(jobIdOf(MESSAGE))) return deps.items.read(key);
            reads += 1;
            throw new Error("the table is busy");
          },
        },
      }),
    });
    const verdict = w.deliver();
    await asked;
    await w.clock.advance(2 * LOOKS_EVERY_MS);
    end();
    expect([await verdict, reads]).toEqual(["acknowledge", 2]);
    await w.clock.advance(2 * LOOKS_EVERY_MS);
    expect(reads).toBe(2);
    expect(recordIn(w).state).toBe("INDEXED");
  });
});
