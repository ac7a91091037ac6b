/** Parked jobs that nobody watches from their dispatch on: their messages bring them back. */
import { expect, it } from "vitest";
import { trackedMessage, type JobMessage } from "../../../../core/model/message.ts";
import { reconcile } from "../../../../core/recovery/reconcile.ts";
import type { WorkerDeps } from "../../../../core/worker/worker-deps.ts";
import { answer, fileOrigin, MESSAGE, world, type World, type WorldOptions } from "../../../simulation/world.ts";
import { SMALL } from "../support.ts";

const HOUR_MS = 3_600_000;
const AVAILABLE_IN_MS = HOUR_MS + 30_000;
const SETTINGS = { requeueGraceMs: 60_000, recoverLimit: 10, sweepLimit: 100, orphanAgeMs: HOUR_MS, endsWatch: true };

async function dispatched(options: WorldOptions = {}, deps = (of: World): WorkerDeps => of.deps) {
  const w = world({ ...options, settings: { unwatchedForMs: HOUR_MS } });
  w.serve(() => answer({ status: 503, headers: { "retry-after": "3600" } }));
  expect(await w.deliver()).toBe("acknowledge");
  await w.clock.advance(AVAILABLE_IN_MS - 60_000);
  const availableAtMs = w.job()?.availableAtMs ?? 0;
  const run = async () => reconcile({ ...deps(w), settings: SETTINGS });
  const message: JobMessage = { ...MESSAGE, tracked: true, dispatched_for: availableAtMs };
  return { w, run, message };
}

it("a dispatched job is watched no more, and its message says for when it was sent", async () => {
  const { message, run, w } = await dispatched();
  expect(await run()).toMatchObject({ dispatchedJobs: 1, requeuedJobs: 0 });
  expect(w.sent.map(({ body, ...others }) => ({ ...others, message: JSON.parse(body) }))).toEqual([
    { group: trackedMessage(message).group, delayMs: 60_000, message },
  ]);
  expect(w.job()?.watchAtMs).toBeUndefined();
  await w.clock.advance(HOUR_MS);
  expect(await run()).toMatchObject({ dispatchedJobs: 0, requeuedJobs: 0 });
});

it("its lease is unwatched, and its end is one write", async () => {
  const { message, run, w } = await dispatched();
  await run();
  await w.clock.advance(60_000);
  w.serve(fileOrigin(SMALL));
  const writesBefore = w.items.history.length;
  expect(await w.deliver(message)).toBe("acknowledge");
  expect(w.job()).toMatchObject({ state: "INDEXED", fence: 2, attempts: 2 });
  expect(w.items.history.slice(writesBefore).some(({ write }) => write.set?.["watch_at"] !== undefined)).toBe(false);
});

it("a crash before the watch ends leaves a message too many, and the job parked", async () => {
  const { run, w } = await dispatched({}, ({ deps }) => ({
    ...deps,
    items: { ...deps.items, write: async () => Promise.reject(new Error("the run was killed")) },
  }));
  await expect(run()).rejects.toThrow("1 calls of the run failed");
  expect(w.sent).toHaveLength(1);
  expect(w.job()?.watchAtMs).toBeDefined();
});

it.each<[string, boolean]>([
  ["while its watch has yet to end", false],
  ["after its watch has ended", true],
])("its message is sent again if it comes too early, %s", async (_, hasEnded) => {
  const { message, run, w } = await dispatched();
  if (hasEnded) await run();
  w.sent.length = 0;
  expect(await w.deliver(message)).toBe("acknowledge");
  const [{ body, delayMs = 0 } = { body: "{}" }] = w.sent;
  expect([JSON.parse(body), delayMs]).toEqual([message, 60_000]);
});

it("a message of an earlier dispatch is dropped when the job is parked again", async () => {
  const { message, w } = await dispatched();
  expect(await w.deliver({ ...message, dispatched_for: 1 })).toBe("acknowledge");
  expect(w.sent).toEqual([]);
});

it("a job that is put off again is watched, and its message is an ordinary one", async () => {
  const { message, run, w } = await dispatched();
  await run();
  w.sent.length = 0;
  await w.clock.advance(60_000);
  w.serve(() => answer({ status: 503 }));
  expect(await w.deliver(message)).toBe("acknowledge");
  expect(w.job()?.watchAtMs).toBeDefined();
  expect(w.sent.map(({ body }) => JSON.parse(body).dispatched_for)).toEqual([undefined]);
});
