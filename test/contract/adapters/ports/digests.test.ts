import * as fc from "fast-check";
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { present } from "../../../../core/model/present.ts";
import { ALGORITHMS, type Digests, type RunningDigests } from "../../../../core/ports/digests.ts";
import { digestsBackends, STAGED, type DigestsBackend } from "./digests-backends.ts";

const SHA256 = ["sha256"] as const;
const SHA1 = createHash("sha1").update("staged").digest("hex");
const reference = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** A body and the offsets at which it is cut. */
const cutBodies = fc
  .uint8Array({ maxLength: 1000 })
  .chain((body) => fc.tuple(fc.constant(body), fc.array(fc.nat(body.length), { maxLength: 8 })));

const pieces = (body: Uint8Array, cuts: readonly number[]): Uint8Array[] => {
  const edges = [0, ...cuts.toSorted((a, b) => a - b), body.length];
  return edges.slice(1).map((end, index) => body.subarray(edges[index], end));
};

describe.each(Object.entries(digestsBackends))("the running digests of %s", (_name, start) => {
  let backend: DigestsBackend;
  let digests: Digests;

  beforeAll(async () => {
    backend = await start();
    ({ digests } = backend);
  });
  afterAll(async () => backend[Symbol.asyncDispose]());

  const restored = async (hash: RunningDigests, bytes: number): Promise<RunningDigests> =>
    present(
      await digests.restore(SHA256, hash.save(), { key: STAGED, bytes }),
      "a hash from a state that it saved itself",
    );

  it("digests an empty body", async () => {
    expect((await digests.create(SHA256)).digests().sha256).toBe(reference(new Uint8Array()));
  });

  it("gives the same digest wherever the body is cut, with a save and a restore at every cut", async () => {
    await fc.assert(
      fc.asyncProperty(cutBodies, async ([body, cuts]) => {
        await backend.stage(body);
        let hash = await digests.create(SHA256);
        let bytes = 0;
        for (const piece of pieces(body, cuts)) {
          hash.update(piece);
          bytes += piece.length;
          hash = await restored(hash, bytes);
        }
        expect(hash.digests().sha256).toBe(reference(body));
      }),
    );
  });

  it("can be updated after it was saved, without a change to the saved state", async () => {
    await backend.stage(Buffer.from("one two"));
    const hash = await digests.create(SHA256);
    hash.update(Buffer.from("one "));
    const state = hash.save();
    hash.update(Buffer.from("two"));
    expect(hash.digests().sha256).toBe(reference(Buffer.from("one two")));
    const other = await digests.restore(SHA256, state, { key: STAGED, bytes: 4 });
    other?.update(Buffer.from("three"));
    expect(other?.digests().sha256).toBe(reference(Buffer.from("one three")));
  });

  it("restores a hash of more bytes than are read at once", async () => {
    const body = Buffer.alloc(3 * 1024 * 1024 + 1, "abc");
    await backend.stage(body);
    const hash = await digests.create(SHA256);
    hash.update(body);
    expect((await restored(hash, body.length)).digests().sha256).toBe(reference(body));
  });

  it("keeps hashes that run at the same time apart", async () => {
    const bodies = Array.from({ length: 10 }, (_, index) => Buffer.alloc(5000, index));
    const hashes = await Promise.all(bodies.map(async () => digests.create(SHA256)));
    for (let at = 0; at < 5000; at += 1000) {
      for (const [index, hash] of hashes.entries()) hash.update(Buffer.alloc(1000, index));
    }
    expect(hashes.map((hash) => hash.digests().sha256)).toEqual(bodies.map(reference));
  });

  it("gives all digests that are asked for, wherever the body is cut", async () => {
    const body = Buffer.from("123456789".repeat(1000));
    await backend.stage(body);
    const savable = ALGORITHMS.filter((algorithm) => algorithm !== "sha1");
    let hash = await digests.create(savable);
    hash.update(body.subarray(0, 4321));
    hash = present(await digests.restore(savable, hash.save(), { key: STAGED, bytes: 4321 }), "its own state");
    hash.update(body.subarray(4321));
    const crypto = Object.fromEntries(
      ["sha256", "sha512", "md5"].map((name) => [name, createHash(name).update(body).digest("hex")]),
    );
    expect(hash.digests()).toMatchObject({ ...crypto, crc32: crc32(body).toString(16).padStart(8, "0") });
  });

  it("goes on with SHA-1 only if it hashes the staged file again", async () => {
    await backend.stage(Buffer.from("staged"));
    const hash = await digests.create(["sha256", "sha1"]);
    hash.update(Buffer.from("staged"));
    const state = hash.save();
    expect(hash.digests().sha1).toBe(SHA1);
    const again = await digests.restore(["sha256", "sha1"], state, { key: STAGED, bytes: 6 });
    expect(again?.digests().sha1 ?? SHA1).toBe(SHA1);
  });

  it("computes checksums as their catalogue says: of the digits 1 to 9", async () => {
    const hash = await digests.create(["crc32", "crc32c", "crc64nvme"]);
    hash.update(Buffer.from("123456789"));
    // https://reveng.sourceforge.io/crc-catalogue/all.htm
    expect(hash.digests()).toEqual({ crc32: "cbf43926", crc32c: "e3069283", crc64nvme: "ae8b14860a799888" });
  });

  it("does not go on with the state of other digests", async () => {
    await backend.stage(Buffer.from("staged"));
    const hash = await digests.create(["sha256", "md5"]);
    hash.update(Buffer.from("staged"));
    const other = await digests.restore(["sha256", "sha1"], hash.save(), { key: STAGED, bytes: 6 });
    // What hashes the staged file again can give any digest.
    expect(other?.digests().sha1 ?? SHA1).toBe(SHA1);
  });

  it("saves a state of at most 160 characters, short enough for the job's record", async () => {
    const hash = await digests.create(SHA256);
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
    expect(await digests.restore(SHA256, state, { key: STAGED, bytes: 6 })).toBeUndefined();
  });

  it("refuses to restore a state that another implementation saved", async () => {
    await backend.stage(Buffer.from("staged"));
    for (const startOther of Object.values(digestsBackends).filter((other) => other !== start)) {
      const other = await startOther();
      onTestFinished(async () => other[Symbol.asyncDispose]());
      const state = (await other.digests.create(SHA256)).save();
      expect(await digests.restore(SHA256, state, { key: STAGED, bytes: 6 })).toBeUndefined();
    }
  });
});
