import { describe, expect, it } from "vitest";
import { Recovery } from "../../../../local/run/recovery.ts";
import { waitingJobs } from "../../../../local/run/waiting.ts";
import type { Workspace } from "../../../../local/run/workspace.ts";
import { LEASE_TTL_MS, reconcilerSettings } from "../../../../local/settings.ts";
import { messageOf, openWorkspace, record } from "./support.ts";

const NOW_MS = 1_800_000_000_000;

/** A message that the queue keeps back, or hides if it has been received. */
function keepBack({ database }: Workspace, n: number | string, untilMs: number, receives = 0): void {
  const body = JSON.stringify({ ...messageOf(n), tracked: true });
  database.run("INSERT INTO queue (body, visible_at, receives) VALUES (?, ?, ?)", body, untilMs, receives);
}

/** A job that a worker has given back, as the worker does. */
function waits(workspace: Workspace, n: number | string, ms: number, reason = "http_503"): void {
  const untilMs = NOW_MS + ms;
  record(
    workspace,
    n,
    { state: "STREAMING", reason, available_at: untilMs },
    untilMs + reconcilerSettings.requeueGraceMs,
  );
  keepBack(workspace, n, untilMs);
}

/** A job that a worker works on. */
function leased(workspace: Workspace, n: number | string): void {
  record(workspace, n, { state: "STREAMING", lease_owner: "me", reason: "http_503" }, NOW_MS + LEASE_TTL_MS);
  keepBack(workspace, n, NOW_MS + LEASE_TTL_MS, 1);
}

const host = "example.org";

describe("what waits for another attempt", () => {
  it("is counted by host and reason, with the time until the first goes on, whether that is soon or not", async () => {
    const workspace = await openWorkspace();
    for (const [n, ms] of [1, 29_999, 30_001, 3_480_000].entries()) waits(workspace, n, ms);
    waits(workspace, "slow", 5_000, "origin_timeout");
    expect(waitingJobs(workspace.database, NOW_MS)).toEqual({
      jobs: 5,
      by: [
        { host, reason: "http_503", jobs: 4, inMs: 1 },
        { host, reason: "origin_timeout", jobs: 1, inMs: 5_000 },
      ],
    });
  });

  it("is not what is worked on, what is due, and what nobody has begun", async () => {
    const workspace = await openWorkspace();
    leased(workspace, 1);
    waits(workspace, 2, 0);
    await workspace.queue.send([{ body: JSON.stringify(messageOf(3)), group: host }]);
    expect(waitingJobs(workspace.database, NOW_MS)).toEqual({ jobs: 0, by: [] });
  });

  it("is known also of a wait that an earlier run began", async () => {
    const workspace = await openWorkspace();
    waits(workspace, 1, 3_480_000);
    await new Recovery(workspace).takeOver();
    expect(waitingJobs(workspace.database, NOW_MS)).toEqual({ jobs: 0, by: [] });
    // A worker finds the record, and sends a message that is kept back until then.
    keepBack(workspace, 1, NOW_MS + 3_480_000);
    const by = [{ host, reason: "http_503", jobs: 1, inMs: 3_480_000 }];
    expect(waitingJobs(workspace.database, NOW_MS)).toEqual({ jobs: 1, by });
  });

  it("has no reason if the job has no record", async () => {
    const workspace = await openWorkspace();
    keepBack(workspace, 1, NOW_MS + 60_000, 1);
    const by = [{ host, reason: undefined, jobs: 1, inMs: 60_000 }];
    expect(waitingJobs(workspace.database, NOW_MS)).toEqual({ jobs: 1, by });
  });

  it("is counted wholly, and looked at in part, if it is much", async () => {
    const workspace = await openWorkspace();
    workspace.database.transaction(() => {
      for (let n = 0; n < 500; n++) waits(workspace, n, 10_000 + n);
    });
    const by = [{ host, reason: "http_503", jobs: undefined, inMs: 10_000 }];
    expect(waitingJobs(workspace.database, NOW_MS)).toEqual({ jobs: 500, by });
  });
});
