import { existsSync, rmSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { EarlierRuns, type RerunChoices } from "../../../../local/run/earlier.ts";
import type { Workspace } from "../../../../local/run/workspace.ts";
import {
  idOf,
  list,
  messageOf,
  openWorkspace,
  record,
  recordStored,
  sha256Of,
  startSettling,
  storeContent,
} from "./support.ts";

const PLAIN: RerunChoices = { verify: false, retryFailed: false, refresh: false };
const BODY = "one";
const { signal } = new AbortController();

let workspace: Workspace;
let content: string;
let settling: ReturnType<typeof startSettling>;

/** Job 1 is stored, job 2 has failed, job 3 is open. Job 4 was stored, and its run died before it settled the end. */
beforeEach(async () => {
  workspace = await openWorkspace();
  settling = startSettling(workspace);
  list(workspace, [1, 2, 3, 4]);
  content = storeContent(workspace, BODY);
  recordStored(workspace, 1, BODY);
  record(workspace, 2, { state: "FAILED", reason: "http_404" });
  await settling.settler.settle([1, 2].map((n) => ({ jobId: idOf(n) })));
  record(workspace, 3, { state: "STREAMING" });
  recordStored(workspace, 4, BODY);
  settling.told.length = 0;
});

async function look(choices: Partial<RerunChoices> = {}) {
  const earlier = new EarlierRuns(workspace, settling.settler, { ...PLAIN, ...choices });
  await earlier.lookAtNew(signal);
  return earlier.ends;
}

/** The last line before the first one that must be worked on. */
async function doneUpTo(choices: Partial<RerunChoices> = {}): Promise<number> {
  const earlier = new EarlierRuns(workspace, settling.settler, { ...PLAIN, ...choices });
  await earlier.lookAtNew(signal);
  return earlier.doneUpTo;
}
const toldUrls = (): readonly string[] => settling.told.map(({ result }) => result.url).toSorted();
const hasEnded = (n: number): boolean => workspace.ends.of(idOf(n)) !== undefined;

describe("what earlier runs left", () => {
  it("stands in the results again, ends that were not settled included, and is counted once", async () => {
    expect(await look()).toEqual({ jobs: 4, done: 2, failed: 1, damaged: 0 });
    expect(toldUrls()).toEqual([1, 2, 4].map((n) => messageOf(n).url));
    expect(settling.settled.map(([{ jobId }]) => jobId)).toEqual([idOf(1), idOf(2)]);
    expect([1, 2, 3, 4].map(hasEnded)).toEqual([true, true, false, true]);
  });

  it("is all done up to the line before the first job that must be worked on", async () => {
    expect(await doneUpTo()).toBe(2);
    workspace.ends.forget(idOf(3));
    record(workspace, 3, { state: "FAILED", reason: "http_404" });
    expect(await doneUpTo()).toBe(4);
    expect(await doneUpTo({ retryFailed: true })).toBe(1);
    rmSync(content);
    expect(await doneUpTo()).toBe(0);
  });

  it.each<[string, () => void]>([
    ["gone", () => rmSync(content)],
    ["emptied", () => truncateSync(content)],
    ["changed, with the same size, at another time", () => change(2000)],
  ])("is fetched again if its content is %s", async (_name, damage) => {
    damage();
    expect(await look()).toEqual({ jobs: 4, done: 0, failed: 1, damaged: 2 });
    expect([hasEnded(1), workspace.lines.hasRecord(idOf(1)), existsSync(content)]).toEqual([false, false, false]);
  });

  function change(atSeconds: number): void {
    writeFileSync(content, "eno");
    utimesSync(content, atSeconds, atSeconds);
  }

  it("that was changed, with its size and time kept, is found by --verify alone", async () => {
    utimesSync(content, 3000, 3000);
    await look();
    change(3000);
    expect((await look()).damaged).toBe(0);
    expect((await look({ verify: true })).damaged).toBe(2);
  });

  it("is there if only its time has changed, and the new time is kept", async () => {
    utimesSync(content, 3000, 3000);
    expect((await look()).damaged).toBe(0);
    expect(workspace.ends.of(idOf(1))?.mtimeMs).toBe(3_000_000);
  });

  it.each<[keyof RerunChoices, object, readonly boolean[]]>([
    ["retryFailed", { done: 2, failed: 0 }, [true, false]],
    ["refresh", { done: 0, failed: 0 }, [false, false]],
  ])("with %s is forgotten", async (choice, counts, ended) => {
    expect(await look({ [choice]: true })).toMatchObject(counts);
    expect([1, 2].map(hasEnded)).toEqual(ended);
  });

  it("is fetched again if the list now expects another digest", async () => {
    const sha256 = sha256Of("other");
    workspace.lines.add({ line: 5, message: { ...messageOf(1), sha256 }, metadata: undefined });
    workspace.lines.add({ line: 6, message: { ...messageOf(4), sha256: sha256Of(BODY) }, metadata: undefined });
    expect(await look()).toMatchObject({ done: 1, damaged: 0 });
    expect([hasEnded(1), hasEnded(4)]).toEqual([false, true]);
  });

  it("gets its name again if that is gone, and a first one if it had none", async () => {
    const name = workspace.ends.of(idOf(1))?.name ?? "";
    const path = join(workspace.folders.files, name);
    rmSync(path);
    await look();
    expect(existsSync(path)).toBe(true);
    workspace.ends.put({ ...(workspace.ends.of(idOf(1)) ?? fail()), name: null });
    await look();
    expect(workspace.ends.of(idOf(1))?.name).toBe(name);
  });

  it("is looked at once, and new lines of the list are looked at when they have come", async () => {
    const earlier = new EarlierRuns(workspace, settling.settler, PLAIN);
    await earlier.lookAtNew(signal);
    const { seq } = earlier;
    workspace.lines.add({ line: 5, message: messageOf(5), metadata: undefined });
    workspace.lines.add({ line: 6, message: messageOf(1), metadata: undefined });
    await earlier.lookAtNew(signal);
    expect(earlier.ends).toEqual({ jobs: 5, done: 2, failed: 1, damaged: 0 });
    expect(earlier.seq).toBe(seq + 1);
    expect(toldUrls()).toHaveLength(3);
  });

  it("is not compared any more once the run is stopped", async () => {
    const stopping = new AbortController();
    const earlier = new EarlierRuns(workspace, settling.settler, { ...PLAIN, verify: true });
    stopping.abort();
    await expect(earlier.lookAtNew(stopping.signal)).rejects.toBe(stopping.signal.reason);
    expect(existsSync(content)).toBe(true);
  });
});

describe("the settler", () => {
  it("is left when the run is interrupted, with the reason of the interruption itself", async () => {
    const interrupt = new AbortController();
    const reason = new Error("interrupted");
    const { database } = workspace;
    const transaction = database.transaction.bind(database);
    // The last thing that is done for a page of the list.
    vi.spyOn(database, "transaction").mockImplementation((work) => {
      interrupt.abort(reason);
      return transaction(work);
    });
    const earlier = new EarlierRuns(workspace, settling.settler, PLAIN);
    await expect(earlier.lookAtNew(interrupt.signal)).rejects.toBe(reason);
  });

  it("tells a late line of a job that has ended, once", () => {
    const line = { line: 9, message: messageOf(2), metadata: { title: "late" } };
    settling.settler.tellLate(line, idOf(2));
    settling.settler.tellLate({ ...line, message: messageOf(3) }, idOf(3));
    expect(settling.told).toMatchObject([
      { result: { state: "FAILED", reason: "http_404" }, metadata: { title: "late" } },
    ]);
  });

  it("stops the run if a file is gone that was stored a moment ago", async () => {
    rmSync(content);
    await expect(settling.settler.settle([{ jobId: idOf(4) }])).rejects.toMatchObject({
      sentence: `${content}: it was stored a moment ago, and is gone.`,
    });
    expect(hasEnded(4)).toBe(false);
  });

  it("passes the user's own columns on", async () => {
    workspace.lines.add({ line: 5, message: messageOf(6), metadata: { title: "t" } });
    record(workspace, 6, { state: "FAILED", reason: "http_410" });
    await settling.settler.settle([{ jobId: idOf(6) }]);
    expect(settling.settled.at(-1)?.[1]).toMatchObject({ state: "FAILED", title: "t" });
  });
});

function fail(): never {
  throw new Error("The job has not ended.");
}
