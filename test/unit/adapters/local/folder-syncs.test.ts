import { setImmediate } from "node:timers/promises";
import { beforeEach, expect, it, vi } from "vitest";
import { FolderSyncs } from "../../../../adapters/local/folder-syncs.ts";

interface Sync {
  readonly path: string;
  readonly end: () => void;
  readonly fail: (error: Error) => void;
}

/** Syncs in progress, in the order in which they began. */
const { begun } = vi.hoisted(() => ({ begun: [] as Sync[] }));
vi.mock("../../../../adapters/local/disk.ts", () => ({
  syncFolder: async (path: string) =>
    new Promise<void>((resolve, reject) => {
      begun.push({ path, end: resolve, fail: reject });
    }),
}));

let syncs: FolderSyncs;
beforeEach(() => {
  syncs = new FolderSyncs();
  begun.length = 0;
});

const started = async (): Promise<readonly string[]> => {
  for (let turn = 0; turn < 3; turn++) await setImmediate();
  return begun.splice(0).map((sync) => {
    held.push(sync);
    return sync.path;
  });
};
const held: Sync[] = [];
const isDone = async (call: Promise<unknown>): Promise<boolean> => {
  const turns = setImmediate().then(async () => setImmediate("waits"));
  return (await Promise.race([call, turns])) !== "waits";
};
const endAll = (): void => {
  for (const { end } of held.splice(0)) end();
};

it("calls of one turn share a round, in which each folder is synced once", async () => {
  const all = Promise.all([syncs.sync(["a", "b"]), syncs.sync(["b", "c"])]);
  expect(await started()).toEqual(["a", "b", "c"]);
  endAll();
  await all;
});

it("a call waits until all folders of its round are on the disk", async () => {
  const call = syncs.sync(["a", "b"]);
  await started();
  held.shift()?.end();
  expect(await isDone(call)).toBe(false);
  endAll();
  expect(await isDone(call)).toBe(true);
});

it("a call that comes during a round waits for the next one: its entry may be newer than that sync", async () => {
  const first = syncs.sync(["a"]);
  expect(await started()).toEqual(["a"]);
  const late = Promise.all([syncs.sync(["a"]), syncs.sync(["b"])]);
  expect(await started()).toEqual([]);
  endAll();
  await first;
  expect(await isDone(late)).toBe(false);
  expect(await started()).toEqual(["a", "b"]);
  endAll();
  expect(await isDone(late)).toBe(true);
});

it("a round that fails fails its own calls, and the next round is as good as any", async () => {
  const odd = new Error("odd");
  const first = syncs.sync(["a"]);
  await started();
  const second = syncs.sync(["b"]);
  held.splice(0).at(0)?.fail(odd);
  await expect(first).rejects.toBe(odd);
  expect(await started()).toEqual(["b"]);
  endAll();
  await second;
});

it("no folders cost no sync", async () => {
  await syncs.sync([]);
  expect(begun).toEqual([]);
});
