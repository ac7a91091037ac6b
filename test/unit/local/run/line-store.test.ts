import { describe, expect, it } from "vitest";
import { Feeder } from "../../../../local/run/feeder.ts";
import type { ListLine } from "../../../../local/run/line-store.ts";
import type { Workspace } from "../../../../local/run/workspace.ts";
import { idOf, list, messageOf, openWorkspace, record, sha256Of } from "./support.ts";

const lineOf = (line: number, n: number, sha256?: string): ListLine => ({
  line,
  message: { ...messageOf(n), ...(sha256 !== undefined && { sha256 }) },
  metadata: undefined,
});
const end = { sha256: null, bytes: null, content_type: null, key: null, attempts: 1, resumed_bytes: 0, reason: null };
const endJob = ({ ends }: Workspace, n: number): void =>
  ends.put({ jobId: idOf(n), outcome: { ...end, state: "FAILED" }, name: null, mtimeMs: null });

describe("the lines of a list", () => {
  it("name each job once, at its first line, and all lines of a job", async () => {
    const workspace = await openWorkspace();
    const { lines } = workspace;
    list(workspace, [1, 2, 1, 3]);
    expect([lines.total, lines.jobs]).toEqual([4, 3]);
    expect(lines.jobsAfter(0, 2).map(({ jobId }) => jobId)).toEqual([idOf(1), idOf(2)]);
    expect(lines.jobsAfter(2, 9).map(({ jobId }) => jobId)).toEqual([idOf(3)]);
    expect(lines.jobsAfter(0, 9, 1).map(({ jobId }) => jobId)).toEqual([idOf(1)]);
    expect(lines.linesOf(idOf(1)).map(({ line }) => line)).toEqual([1, 3]);
  });

  it("of one job share the digest that any of them has, and conflict if they have two", async () => {
    const { lines } = await openWorkspace();
    const [one, other] = [sha256Of("one"), sha256Of("other")];
    expect(lines.add(lineOf(1, 1))).toBeUndefined();
    expect(lines.add(lineOf(2, 1, one))).toBeUndefined();
    expect(lines.add(lineOf(3, 1, one))).toBeUndefined();
    expect(lines.add(lineOf(4, 1, other))).toEqual({ earlierLine: 2, isTooLate: false });
    expect(lines.total).toBe(3);
    expect(lines.jobsAfter(0, 9).map(({ message }) => message.sha256)).toEqual([one]);
    expect(lines.messageOf(idOf(1))?.sha256).toBe(one);
  });

  it("that bring a digest after the job has begun conflict with the line that began it", async () => {
    const { lines } = await openWorkspace();
    lines.add(lineOf(1, 1));
    expect(lines.add(lineOf(2, 1, sha256Of("one")), 1)).toEqual({ earlierLine: 1, isTooLate: true });
    expect(lines.add(lineOf(3, 2, sha256Of("one")), 1)).toBeUndefined();
  });

  it("of an earlier list stay until their jobs have ended or are in the list again", async () => {
    const workspace = await openWorkspace();
    const { lines } = workspace;
    list(workspace, [1, 2, 3]);
    endJob(workspace, 1);
    list(workspace, [2, 4]);
    lines.dropOld();
    expect([lines.jobs, lines.oldJobs]).toEqual([2, 1]);
    lines.adoptOld();
    expect([lines.jobs, lines.oldJobs]).toEqual([3, 0]);
  });

  it("that match a pattern become a list of their own", async () => {
    const workspace = await openWorkspace();
    const { lines } = workspace;
    list(workspace, [1, 2, "[a]?"]);
    endJob(workspace, 2);
    lines.adoptMatching("*f1.*");
    expect([lines.jobs, lines.oldJobs]).toEqual([1, 1]);
    lines.adoptMatching("https://example.org/dir/f[a]?.bin");
    expect(lines.jobsAfter(0, 9).map(({ jobId }) => jobId)).toEqual([idOf("[a]?")]);
    expect(lines.oldJobs).toBe(1);
  });
});

describe("the feeder", () => {
  const neverStopped = new AbortController().signal;
  const bodies = ({ database }: Workspace): readonly Record<string, unknown>[] =>
    database
      .all("SELECT body FROM queue ORDER BY id")
      .map(({ body }) => JSON.parse(String(body)) as Record<string, unknown>);

  it("puts each job into the queue once, marks those that have a record, and leaves out those that have ended", async () => {
    const workspace = await openWorkspace();
    list(workspace, [1, 2, 3, 1]);
    endJob(workspace, 2);
    record(workspace, 3, { state: "STREAMING" });
    const feeder = new Feeder(workspace);
    expect([await feeder.feed(9, neverStopped), await feeder.feed(9, neverStopped)]).toEqual([true, true]);
    expect(bodies(workspace)).toEqual([messageOf(1), { ...messageOf(3), tracked: true }]);
    expect([...feeder.open]).toEqual([idOf(1), idOf(3)]);
  });

  it("waits at the line up to which jobs may begin", async () => {
    const workspace = await openWorkspace();
    list(workspace, [1, 2]);
    const feeder = new Feeder(workspace);
    await feeder.feed(1, neverStopped);
    expect(bodies(workspace)).toHaveLength(1);
    await feeder.feed(2, neverStopped);
    expect(bodies(workspace)).toHaveLength(2);
  });

  it("does not look at lines that are skipped", async () => {
    const workspace = await openWorkspace();
    list(workspace, [1, 2, 3]);
    const feeder = new Feeder(workspace);
    feeder.skipTo(2);
    feeder.skipTo(1);
    await feeder.feed(9, neverStopped);
    expect(bodies(workspace)).toEqual([messageOf(3)]);
  });

  it("puts nothing into the queue once the run is stopped", async () => {
    const workspace = await openWorkspace();
    list(workspace, [1]);
    expect(await new Feeder(workspace).feed(9, AbortSignal.abort())).toBe(false);
    expect(bodies(workspace)).toEqual([]);
  });

  it("keeps a bounded number of jobs in the queue, besides those that wait or are under way", async () => {
    const workspace = await openWorkspace();
    list(
      workspace,
      Array.from({ length: 9_000 }, (_, n) => n),
    );
    const feeder = new Feeder(workspace);
    expect(await feeder.feed(9_000, neverStopped)).toBe(false);
    const fed = feeder.open.size;
    expect(fed).toBeLessThan(7_000);
    await feeder.feed(9_000, neverStopped);
    expect(feeder.open.size).toBe(fed);
    workspace.database.run("UPDATE queue SET visible_at = ?", workspace.clock.nowMs() + 3_600_000);
    await feeder.feed(9_000, neverStopped);
    expect(feeder.open.size).toBe(2 * fed);
  });

  it("sends a lost message again with the digest that another line has", async () => {
    const workspace = await openWorkspace();
    const digest = sha256Of("one");
    workspace.lines.add(lineOf(1, 1));
    workspace.lines.add(lineOf(2, 1, digest));
    new Feeder(workspace).feedAgain(idOf(1));
    expect(bodies(workspace)).toEqual([{ ...messageOf(1), sha256: digest, tracked: false }]);
  });
});
