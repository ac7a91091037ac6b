/** Workers that are killed in the middle of a download, with real processes. */
import { describe, expect, it } from "vitest";
import { contentKey } from "../../core/model/keys.ts";
import { originSha256 } from "../../local/origin/content.ts";
import type { OriginFile } from "../../local/origin/file.ts";
import {
  KIB,
  MIB,
  PART_BYTES,
  startRun,
  startSurroundings,
  statesOf,
  until,
  WHOLE_LIFE,
  type Run,
} from "../e2e/support.ts";

describe("a worker killed in mid-download", () => {
  it("is followed by another one, which resumes from the last staged part instead of the start", async () => {
    const surroundings = await startSurroundings();
    const { origin } = surroundings;
    const big: OriginFile = { name: "big.bin", size: 256 * MIB, rate: 64 * MIB };
    let stagedBytes = 0;
    let killed: number | undefined;
    const run: Run = await startRun({
      ...surroundings,
      longWorkers: 2,
      // What one connection has in flight is known.
      workerEnv: { MOST_RANGES: "1" },
      onStagedBytes: ({ bytes }) => {
        stagedBytes += bytes;
        const holder = run.seen.leases.at(-1);
        if (killed !== undefined || holder === undefined || stagedBytes < big.size / 2) return;
        killed = holder.pid;
        run.pipeline.longWorkers.kill(holder.pid);
      },
    });
    await run.submit([big]);
    const record = (await run.untilTerminal([run.idOf(big)])).get(run.idOf(big));

    expect(killed).toBeGreaterThan(0);
    // The first one is of the short lane, which hands the file over.
    expect(run.seen.leases.map(({ pid }) => pid === killed)).toEqual([false, true, false]);
    expect(record).toMatchObject({ state: "INDEXED", attempts: 2, transfer: { sha256: originSha256(big) } });
    expect(record?.resumedBytes).toBeGreaterThan(big.size / 4);
    expect(await run.contentDigest(big)).toBe(originSha256(big));

    // The part being read, two more on their way to staging, one that ranges have fetched ahead, and what loopback
    // sockets buffer: a few MiB each.
    const mostSentAgain = 4 * PART_BYTES + 16 * MIB;
    const sent = origin.requestsOf(big).reduce((sum, { bytes }) => sum + bytes, 0);
    console.info(`killed in mid-file: ${(sent - big.size) / MIB} of ${big.size / MIB} MiB were sent again`);
    expect(sent - big.size).toBeLessThanOrEqual(mostSentAgain);
    const resumed = origin.requestsOf(big).filter(({ range }) => range === `bytes=${record?.resumedBytes}-`);
    expect(resumed).toMatchObject([{ status: 206 }]);

    await until("staging is empty", async () => JSON.stringify(await run.staging()).replace("[]", "") || undefined);
  });

  it.each([
    ["unwatched: its message brings the job back, and the next worker takes over", undefined, 2],
    ["watched: the reconciler takes it back", { UNWATCHED_FOR_MS: "0" }, 3],
  ])("before it renews its lease leaves one that is %s", async (_what, workerEnv, fence) => {
    const surroundings = await startSurroundings();
    const file: OriginFile = { name: "slow-to-answer", size: 10 * KIB, delayMs: 800 };
    const run: Run = await startRun({
      ...surroundings,
      workerEnv: { LEASE_TTL_MS: "3000", ...workerEnv },
      onTelemetry: ({ event }, pid) => {
        if (event === "job_leased" && run.seen.leases.length === 1) run.pipeline.workers.kill(pid);
      },
    });
    await run.submit([file]);
    const records = await run.untilDone([file]);

    // The fence rises with each of the two leases, and with a recovery by the reconciler between them.
    expect(records.get(run.idOf(file))).toMatchObject({ state: "INDEXED", attempts: 2, fence });
    expect(run.seen.events).toContainEqual(
      expect.objectContaining({ event: "crash_recovery_event", recovered_leases: 1, abandoned_ops: 1 }),
    );
    expect(statesOf(run.eventsOf(file))).toEqual(WHOLE_LIFE);
    expect(await run.contentDigest(file)).toBe(originSha256(file));
  });
});

describe("a worker killed between beginning an upload and its first checkpoint", () => {
  it("leaves an upload that no worker can resume, and the reconciler removes it", async () => {
    const surroundings = await startSurroundings();
    const file: OriginFile = { name: "two-parts", size: 9 * MIB };
    let isKilled = false;
    const run: Run = await startRun({
      ...surroundings,
      onAwsRequest: ({ operation }) => {
        if (isKilled || operation !== "CreateMultipartUpload") return;
        isKilled = true;
        // Kills all workers, because the event that names the holder of the lease may not have arrived yet.
        for (const pid of run.pipeline.workers.pids()) run.pipeline.workers.kill(pid);
      },
    });
    await run.submit([file]);
    const records = await run.untilTerminal([run.idOf(file)]);
    expect(records.get(run.idOf(file))).toMatchObject({ state: "INDEXED", attempts: 2, resumedBytes: 0 });
    expect(run.seen.requests.filter(({ operation }) => operation === "CreateMultipartUpload")).toHaveLength(2);
    await until("staging is empty", async () => JSON.stringify(await run.staging()).replace("[]", "") || undefined);
    expect(run.contentWrites()).toEqual([contentKey(originSha256(file))]);
    expect(await run.contentDigest(file)).toBe(originSha256(file));
  });
});
