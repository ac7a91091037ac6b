import { describe, expect, it, vi } from "vitest";
import { PartBuffers } from "../../../../core/transfer/part-buffers.ts";
import type { WorkerDeps } from "../../../../core/worker/worker-deps.ts";
import { answer, fileOrigin, MESSAGE, PART_BYTES, settled, world } from "../../../simulation/world.ts";

it("PartBuffers lends no more buffers than it has, and serves waiting callers in their order", async () => {
  const buffers = new PartBuffers(2, 4);
  const first = await buffers.take();
  await buffers.take();
  const order: string[] = [];
  const third = buffers.take().then((buffer) => (order.push("third"), buffer));
  const fourth = buffers.take().then((buffer) => (order.push("fourth"), buffer));
  await settled();
  expect(order).toEqual([]);
  buffers.giveBack(first);
  expect(await third).toBe(first);
  buffers.letGo();
  expect(await fourth).not.toBe(first);
  expect(order).toEqual(["third", "fourth"]);
});

it("a buffer is spare only while two more are free, so that those who wait for one always get it", async () => {
  const buffers = new PartBuffers(4, 4);
  const spare = buffers.takeSpare();
  expect(spare).toHaveLength(4);
  expect(buffers.takeSpare()).toHaveLength(4);
  expect(buffers.takeSpare()).toBeUndefined();
  buffers.giveBack(spare ?? new Uint8Array());
  await buffers.take();
  expect(buffers.takeSpare()).toBeUndefined();
});

it("a worker sends GET to an origin only if a buffer is free for its answer", async () => {
  const w = world();
  const worker = { ...w.deps, buffers: new PartBuffers(2, PART_BYTES) };
  const gate = Promise.withResolvers<void>();
  w.serve(async ({ method }) => {
    if (method === "GET") await gate.promise;
    return answer({ body: Buffer.from("x") });
  });
  const deliveries = Array.from({ length: 5 }, async (_, n) =>
    w.deliver({ ...MESSAGE, artifact_id: `a${n}` }, undefined, worker),
  );
  for (let turn = 0; turn < 20; turn++) await settled();
  expect(w.requests.filter(({ method }) => method === "HEAD")).toHaveLength(5);
  expect(w.requests.filter(({ method }) => method === "GET")).toHaveLength(2);
  gate.resolve();
  expect(await Promise.all(deliveries)).toEqual(Array.from({ length: 5 }, () => "acknowledge"));
});

describe("at most two parts get ahead of the checkpoint", () => {
  const LONG = Buffer.alloc(20 * PART_BYTES, "x");
  const stuck = new Promise<never>(() => undefined);

  /** @returns how many parts a worker sends that hangs at the call that `wrap` blocks. */
  const partsSent = async (wrap: (deps: WorkerDeps) => WorkerDeps): Promise<number> => {
    let sent = 0;
    const w = world({ wrap });
    const { staging } = w.deps;
    const worker: WorkerDeps = {
      ...w.deps,
      staging: {
        ...staging,
        uploadPart: async (upload, partNumber, body) => {
          sent += 1;
          return staging.uploadPart(upload, partNumber, body);
        },
      },
    };
    w.serve(fileOrigin(LONG));
    void w.deliver(MESSAGE, undefined, worker);
    await vi.waitUntil(() => sent >= 2);
    for (let turn = 0; turn < 50; turn++) await settled();
    return sent;
  };

  it("if a part's upload hangs", async () => {
    const sent = await partsSent((deps) => ({
      ...deps,
      staging: {
        ...deps.staging,
        uploadPart: async (upload, partNumber, body) =>
          partNumber === 2 ? stuck : deps.staging.uploadPart(upload, partNumber, body),
      },
    }));
    expect(sent).toBe(3);
  });

  it("if the write of a checkpoint hangs", async () => {
    const sent = await partsSent((deps) => ({
      ...deps,
      items: {
        ...deps.items,
        write: async (write) => (write.set?.["checkpoint"] === undefined ? deps.items.write(write) : stuck),
      },
    }));
    expect(sent).toBe(2);
  });
});
