import { describe, expect, it, vi } from "vitest";
import { PartBuffers } from "../../../../core/transfer/part-buffers.ts";
import { PartInHand } from "../../../../core/transfer/part-in-hand.ts";
import type { WorkerDeps } from "../../../../core/worker/worker-deps.ts";
import { answer, fileOrigin, MESSAGE, PART_BYTES, settled, world, writingBy } from "../../../simulation/world.ts";

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

describe("bodies that stall when all their origins have answered", () => {
  const SMALL = Buffer.from("ab");
  const LARGE = Buffer.alloc(PART_BYTES, "x");

  /** @returns the states of five jobs of which only the last one's origin sends the whole body. */
  const statesWith = async (stalled: Buffer, last: Buffer): Promise<readonly (string | undefined)[]> => {
    const w = world();
    const worker = { ...w.deps, buffers: new PartBuffers(2, PART_BYTES, SMALL.length) };
    const stuck = new Promise<never>(() => undefined);
    async function* stalling(): AsyncGenerator<Uint8Array> {
      yield stalled;
      await stuck;
    }
    w.serve(async ({ url }) => answer({ body: url.endsWith("last") ? last : stalling() }));
    const messages = ["a", "b", "c", "d", "last"].map((name) =>
      Object.assign({}, MESSAGE, { url: `http://example.com/${name}` }),
    );
    for (const message of messages) void w.deliver(message, undefined, worker);
    for (let turn = 0; turn < 50; turn++) await settled();
    return messages.map((message) => w.job(message)?.state);
  };
  const STALLED = Array.from({ length: 4 }, () => "LEASED");

  it("keep no buffer from a large body, as long as they are small", async () => {
    expect(await statesWith(SMALL, LARGE)).toEqual([...STALLED, "INDEXED"]);
  });

  it("keep a small body from nothing, even if they hold all buffers", async () => {
    expect(await statesWith(LARGE, SMALL)).toEqual([...STALLED, "INDEXED"]);
  });

  it("keep a large body waiting only if they hold all buffers", async () => {
    expect(await statesWith(LARGE, LARGE)).toEqual([...STALLED, "LEASED"]);
  });
});

it("a large body waits for a buffer until another body's part is full, not until that body ends", async () => {
  const buffers = new PartBuffers(1, PART_BYTES, 0);
  const [long, next] = [new PartInHand(buffers), new PartInHand(buffers)];
  await long.takeBuffer();
  const order: string[] = [];
  const taken = next.takeBuffer().then(() => order.push("next"));
  const { buffer } = await long.handOver();
  const takenAgain = long.takeBuffer().then(() => order.push("long"));
  buffers.giveBack(buffer);
  await taken;
  expect(order).toEqual(["next"]);
  next.giveBack();
  await takenAgain;
  expect(order).toEqual(["next", "long"]);
});

it("a body is the same whatever its pieces are, below and above the size that needs a buffer", async () => {
  for (const smallBytes of [0, 1, 3, PART_BYTES, PART_BYTES + 1]) {
    for (const pieceBytes of [1, 2, 3, 5, PART_BYTES, 100]) {
      for (let length = 0; length <= 2 * PART_BYTES + 1; length++) {
        const body = Buffer.from(Array.from({ length }, (_, at) => at));
        const buffers = new PartBuffers(1, PART_BYTES, smallBytes);
        const part = new PartInHand(buffers);
        const parts: Uint8Array[] = [];
        const keep = async (): Promise<void> => {
          const { buffer, length: bytes } = await part.handOver();
          parts.push(buffer.slice(0, bytes));
          buffers.giveBack(buffer);
        };
        for (let at = 0; at < length; at += pieceBytes) {
          for (let rest = body.subarray(at, at + pieceBytes); rest.length > 0; rest = rest.subarray(part.add(rest))) {
            if (part.isFull) await keep();
            if (!part.hasRoomFor(rest.length)) await part.takeBuffer();
          }
        }
        parts.push(part.bytes.slice());
        part.end();
        expect(Buffer.concat(parts)).toEqual(body);
        expect(parts.map(({ length: bytes }) => bytes).slice(0, -1)).toEqual(parts.slice(1).map(() => PART_BYTES));
        await buffers.take();
      }
    }
  }
});

describe("at most two parts get ahead of the checkpoint", () => {
  // A larger one has parts that are sent while they come, one at a time.
  const LONG = Buffer.alloc(7 * PART_BYTES, "x");
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
    const sent = await partsSent(
      writingBy(async (pass, write) => (write.set?.["checkpoint"] === undefined ? pass() : stuck)),
    );
    expect(sent).toBe(2);
  });
});
