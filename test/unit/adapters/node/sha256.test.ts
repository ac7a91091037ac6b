import * as fc from "fast-check";
import { createHash } from "node:crypto";
import { createSHA256 } from "hash-wasm";
import { describe, expect, it } from "vitest";
import { Sha256 } from "../../../../adapters/node/sha256.ts";

const reference = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const cut = fc.uint8Array({ maxLength: 400 }).chain((body) => fc.tuple(fc.constant(body), fc.nat(body.length)));

describe("SHA-256 whose state can be saved", () => {
  it("is that of Node, for every length up to three blocks", () => {
    for (let length = 0; length <= 3 * 64; length++) {
      const body = Buffer.alloc(length, "fetchonce");
      expect(new Sha256().update(body).digest("hex")).toBe(reference(body));
    }
  });

  it("is that of Node for more than is hashed at once", () => {
    const body = Buffer.alloc(3 * 65_536 + 64 + 1, "fetchonce");
    expect(new Sha256().update(body).digest("hex")).toBe(reference(body));
  });

  it("begins anew", () => {
    const hash = new Sha256().update(Buffer.from("one"));
    expect(hash.init().update(Buffer.from("two")).digest("hex")).toBe(reference(Buffer.from("two")));
  });

  it("counts more than 4 GiB", async () => {
    const other = (await createSHA256()).init();
    const hash = new Sha256();
    const piece = Buffer.alloc(64);
    const state = Buffer.from(hash.update(piece).save());
    other.update(piece);
    // The length after 5 GiB, at the state after one block.
    state.writeBigUInt64LE(5n * 1024n ** 3n, 68);
    const others = Buffer.from(other.save());
    others.writeBigUInt64LE(5n * 1024n ** 3n, 68);
    expect(hash.load(state).digest("hex")).toBe(other.load(others).digest("hex"));
  });

  it("goes on from a state that hash-wasm saved, as earlier releases do, and hash-wasm from its own", async () => {
    const other = await createSHA256();
    fc.assert(
      fc.property(cut, ([body, at]) => {
        const ours = new Sha256().load(other.init().update(body.subarray(0, at)).save());
        expect(ours.update(body.subarray(at)).digest("hex")).toBe(reference(body));
        const theirs = other.load(new Sha256().update(body.subarray(0, at)).save());
        expect(theirs.update(body.subarray(at)).digest("hex")).toBe(reference(body));
      }),
    );
  });

  it.each([
    ["is too short", (state: Buffer) => state.subarray(1)],
    ["has another mark", (state: Buffer) => Buffer.from(state.fill(0, 0, 4))],
    ["has a digest of another length", (state: Buffer) => Buffer.from(state.fill(0, 108))],
  ])("does not go on from a state that %s", (_what, spoil) => {
    const state = spoil(Buffer.from(new Sha256().save()));
    expect(() => new Sha256().load(state)).toThrow("no saved state of SHA-256");
  });
});
