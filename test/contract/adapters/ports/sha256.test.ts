import * as fc from "fast-check";
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { wasmSha256 } from "../../../../adapters/node/sha256.ts";

/** hash-wasm restores a state without the bytes that it stands for. */
const NOTHING = { key: "", bytes: 0 };

const reference = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** A body and the offsets at which it is cut. */
const cutBodies = fc
  .uint8Array({ maxLength: 1000 })
  .chain((body) => fc.tuple(fc.constant(body), fc.array(fc.nat(body.length), { maxLength: 8 })));

const pieces = (body: Uint8Array, cuts: readonly number[]): Uint8Array[] => {
  const edges = [0, ...cuts.toSorted((a, b) => a - b), body.length];
  return edges.slice(1).map((end, index) => body.subarray(edges[index], end));
};

describe("the running SHA-256", () => {
  it("digests an empty body", async () => {
    expect((await wasmSha256.create()).digest()).toBe(reference(new Uint8Array()));
  });

  it("gives the same digest wherever the body is cut, with a save and a restore at every cut", async () => {
    await fc.assert(
      fc.asyncProperty(cutBodies, async ([body, cuts]) => {
        let hash = await wasmSha256.create();
        for (const piece of pieces(body, cuts)) {
          hash.update(piece);
          const restored = await wasmSha256.restore(hash.save(), NOTHING);
          if (!restored) throw new Error("The hash refused a state that it had saved itself.");
          hash = restored;
        }
        expect(hash.digest()).toBe(reference(body));
      }),
    );
  });

  it("can be updated after it was saved, without a change to the saved state", async () => {
    const hash = await wasmSha256.create();
    hash.update(Buffer.from("one "));
    const state = hash.save();
    hash.update(Buffer.from("two"));
    expect(hash.digest()).toBe(reference(Buffer.from("one two")));
    const other = await wasmSha256.restore(state, NOTHING);
    other?.update(Buffer.from("three"));
    expect(other?.digest()).toBe(reference(Buffer.from("one three")));
  });

  it("keeps hashes that run at the same time apart", async () => {
    const bodies = Array.from({ length: 10 }, (_, index) => Buffer.alloc(5000, index));
    const hashes = await Promise.all(bodies.map(async () => wasmSha256.create()));
    for (let at = 0; at < 5000; at += 1000) {
      for (const [index, hash] of hashes.entries()) hash.update(Buffer.alloc(1000, index));
    }
    expect(hashes.map((hash) => hash.digest())).toEqual(bodies.map(reference));
  });

  it("saves a state of at most 160 base64 characters, short enough for the job's record", async () => {
    const hash = await wasmSha256.create();
    hash.update(Buffer.alloc(100_003));
    expect(hash.save()).toMatch(/^[A-Za-z0-9+/]{1,160}={0,2}$/);
  });

  it.each([
    ["an empty string", ""],
    ["a string that is not base64", "!!!"],
    ["base64 of something that is no state", Buffer.from("garbage").toString("base64")],
    ["zeros of the right length", Buffer.alloc(116).toString("base64")],
    ["more bytes than a state has", Buffer.alloc(200, 7).toString("base64")],
  ])("refuses to restore %s", async (_what, state) => {
    expect(await wasmSha256.restore(state, NOTHING)).toBeUndefined();
  });
});
