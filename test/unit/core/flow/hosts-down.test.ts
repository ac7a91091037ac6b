import { describe, expect, it } from "vitest";
import { hostItemKey } from "../../../../core/flow/host-record.ts";
import { RetryableError } from "../../../../core/model/errors.ts";
import type { JobMessage } from "../../../../core/model/message.ts";
import { answer, fileOrigin, world } from "../../../simulation/world.ts";
import { A, another, BODY, jobAt, limited, requestsTo } from "./support.ts";

const { retry: RETRY } = world().deps.settings;

describe("a host that is down", () => {
  const refused = (): never => {
    throw new RetryableError("origin_refused_connection");
  };

  it("charges nothing to its jobs, until they have waited for too long", async () => {
    const w = limited([["*", {}]], { hostPatienceMs: 600_000, retry: { ...RETRY, maxAttempts: 2 } });
    w.serve(refused);
    const job = jobAt(A, 0);
    for (let n = 0; n < 5; n++) await w.deliver(jobAt(A, n));
    expect(w.job(jobAt(A, 4))).toMatchObject({ strikes: 0, reason: "origin_refused_connection" });
    for (let n = 0; n < 20 && w.job(job)?.state !== "FAILED"; n++) {
      await w.clock.advance(60_000);
      const before = requestsTo(w, A);
      await w.deliver({ ...job, tracked: true, waiting_since: w.clock.nowMs() - n * 60_000 });
      expect(requestsTo(w, A) - before).toBeLessThanOrEqual(1);
    }
    expect(w.job(job)).toMatchObject({ state: "FAILED", reason: "host_down" });
  });

  it("is asked for the next job at once if a message of a finished job came first", async () => {
    const w = limited([["*", {}]]);
    const done = jobAt(A, 9);
    await w.deliver(done);
    w.serve(refused);
    for (let n = 0; n < 5; n++) await w.deliver(jobAt(A, n));
    await w.clock.advance(5_000);
    const before = requestsTo(w, A);
    await w.deliver(done);
    expect(requestsTo(w, A)).toBe(before);
    await w.clock.advance(100);
    await w.deliver(jobAt(A, 10));
    expect(requestsTo(w, A)).toBe(before + 1);
  });

  it("failures of some files while others are answered do not make it down", async () => {
    const w = limited([["*", {}]]);
    const file = fileOrigin(BODY);
    w.serve(async (request) => (request.url.endsWith("bad") ? answer({ status: 500 }) : file(request)));
    for (let n = 0; n < 20; n++) {
      await w.deliver({ ...jobAt(A, n), url: `https://${A}/${n}-bad` });
      await w.clock.advance(1);
      if (n % 3 === 0) await w.deliver(jobAt(A, n));
    }
    expect(w.items.all.get(hostItemKey(A))?.["down_since"]).toBe(0);
  });

  it("for six hours: 1,000 jobs of 8 workers send at most 100 requests, and all are done 15 minutes after its return", async () => {
    const w = limited([["*", { connections: 16 }]], { retry: { ...RETRY, capMs: 900_000 } });
    const workers = Array.from({ length: 8 }, () => another(w));
    const backAtMs = w.clock.nowMs() + 6 * 3_600_000;
    const file = fileOrigin(BODY);
    w.serve((request) => (w.clock.nowMs() < backAtMs ? refused() : file(request)));
    const due: { atMs: number; message: JobMessage }[] = Array.from({ length: 1_000 }, (_, n) => ({
      atMs: w.clock.nowMs(),
      message: jobAt(A, n),
    }));
    let asked = 0;
    while (due.length > 0) {
      due.sort((a, b) => a.atMs - b.atMs);
      const startMs = Math.max(w.clock.nowMs(), due[0]?.atMs ?? 0) + 1_000;
      const batch = due.splice(0, Math.min(due.filter(({ atMs }) => atMs <= startMs).length, 80));
      await w.clock.advance(startMs - w.clock.nowMs());
      const ends = batch.map(async ({ message }, n) => w.deliver(message, undefined, workers[n % workers.length]));
      await w.clock.advance(1);
      expect(await Promise.all(ends)).toEqual(batch.map(() => "acknowledge"));
      if (w.clock.nowMs() < backAtMs) asked = requestsTo(w, A);
      for (const { body, delayMs = 0 } of w.sent.splice(0))
        due.push({ atMs: w.clock.nowMs() + delayMs, message: JSON.parse(body) as JobMessage });
    }
    console.info(`${asked} requests, done ${(w.clock.nowMs() - backAtMs) / 60_000} min after the return`);
    expect(asked).toBeLessThanOrEqual(100);
    for (let n = 0; n < 1_000; n++) expect(["INDEXED", "DEDUPED"]).toContain(w.job(jobAt(A, n))?.state);
    expect(w.clock.nowMs() - backAtMs).toBeLessThanOrEqual(15 * 60_000);
  });
});
