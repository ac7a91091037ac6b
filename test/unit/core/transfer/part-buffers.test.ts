import { describe, expect, it, vi } from "vitest";
import { PartBuffers } from "../../../../core/transfer/part-buffers.ts";
import type { WorkerDeps } from "../../../../core/worker/worker-deps.ts";
import { answer, fileOrigin, MESSAGE, PART_BYTES, settled, world } from "../../../simulation/world.ts";

it("lends no more than it has, and hands on in the order of asking", async () => {
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

it("an origin is asked only when there is room for its answer", async () => {
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

describe("no more than two parts get ahead of the checkpoint", () => {
  const LONG = Buffer.alloc(20 * PART_BYTES, "x");
  const stuck = new Promise<never>(() => undefined);

  /** How many parts were sent by a worker that stands still at one point. */
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

  it("behind a part that is slow", async () => {
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

  it("behind a checkpoint that is slow", async () => {
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
