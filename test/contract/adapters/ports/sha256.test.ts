import * as fc from "fast-check";
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { present } from "../../../../core/model/present.ts";
import type { RunningSha256, Sha256 } from "../../../../core/ports/sha256.ts";
import { sha256Backends, STAGED, type Sha256Backend } from "./sha256-backends.ts";

const reference = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** A body and the offsets at which it is cut. */
const cutBodies = fc
  .uint8Array({ maxLength: 1000 })
  .chain((body) => fc.tuple(fc.constant(body), fc.array(fc.nat(body.length), { maxLength: 8 })));

const pieces = (body: Uint8Array, cuts: readonly number[]): Uint8Array[] => {
  const edges = [0, ...cuts.toSorted((a, b) => a - b), body.length];
  return edges.slice(1).map((end, index) => body.subarray(edges[index], end));
};

describe.each(Object.entries(sha256Backends))("the running SHA-256 of %s", (_name, start) => {
  let backend: Sha256Backend;
  let sha256: Sha256;

  beforeAll(async () => {
    backend = await start();
    ({ sha256 } = backend);
  });
  afterAll(async () => backend[Symbol.asyncDispose]());

  const restored = async (hash: RunningSha256, bytes: number): Promise<RunningSha256> =>
    present(await sha256.restore(hash.save(), { key: STAGED, bytes }), "a hash from a state that it saved itself");

  it("digests an empty body", async () => {
    expect((await sha256.create()).digest()).toBe(reference(new Uint8Array()));
  });

  it("gives the same digest wherever the body is cut, with a save and a restore at every cut", async () => {
    await fc.assert(
      fc.asyncProperty(cutBodies, async ([body, cuts]) => {
        await backend.stage(body);
        let hash = await sha256.create();
        let bytes = 0;
        for (const piece of pieces(body, cuts)) {
          hash.update(piece);
          bytes += piece.length;
          hash = await restored(hash, bytes);
        }
        expect(hash.digest()).toBe(reference(body));
      }),
    );
  });

  it("can be updated after it was saved, without a change to the saved state", async () => {
    await backend.stage(Buffer.from("one two"));
    const hash = await sha256.create();
    hash.update(Buffer.from("one "));
    const state = hash.save();
    hash.update(Buffer.from("two"));
    expect(hash.digest()).toBe(reference(Buffer.from("one two")));
    const other = await sha256.restore(state, { key: STAGED, bytes: 4 });
    other?.update(Buffer.from("three"));
    expect(other?.digest()).toBe(reference(Buffer.from("one three")));
  });

  it("restores a hash of more bytes than are read at once", async () => {
    const body = Buffer.alloc(3 * 1024 * 1024 + 1, "abc");
    await backend.stage(body);
    const hash = await sha256.create();
    hash.update(body);
    expect((await restored(hash, body.length)).digest()).toBe(reference(body));
  });

  it("keeps hashes that run at the same time apart", async () => {
    const bodies = Array.from({ length: 10 }, (_, index) => Buffer.alloc(5000, index));
    const hashes = await Promise.all(bodies.map(async () => sha256.create()));
    for (let at = 0; at < 5000; at += 1000) {
      for (const [index, hash] of hashes.entries()) hash.update(Buffer.alloc(1000, index));
    }
    expect(hashes.map((hash) => hash.digest())).toEqual(bodies.map(reference));
  });

  it("saves a state of at most 160 characters, short enough for the job's record", async () => {
    const hash = await sha256.create();
    hash.update(Buffer.alloc(100_003));
    expect(hash.save().length).toBeLessThanOrEqual(160);
  });

  it.each([
    ["an empty string", ""],
    ["a string that is not base64", "!!!"],
    ["base64 of something that is no state", Buffer.from("garbage").toString("base64")],
    ["zeros of the right length", Buffer.alloc(116).toString("base64")],
    ["more bytes than a state has", Buffer.alloc(200, 7).toString("base64")],
  ])("refuses to restore %s", async (_what, state) => {
    await backend.stage(Buffer.from("staged"));
    expect(await sha256.restore(state, { key: STAGED, bytes: 6 })).toBeUndefined();
  });

  it("refuses to restore a state that another implementation saved", async () => {
    await backend.stage(Buffer.from("staged"));
    for (const startOther of Object.values(sha256Backends).filter((other) => other !== start)) {
      const other = await startOther();
      onTestFinished(async () => other[Symbol.asyncDispose]());
      const state = (await other.sha256.create()).save();
      expect(await sha256.restore(state, { key: STAGED, bytes: 6 })).toBeUndefined();
    }
  });
});
