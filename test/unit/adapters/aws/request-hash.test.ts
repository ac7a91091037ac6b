import { createHash, createHmac } from "node:crypto";
import { array, assert, asyncProperty, oneof, string, uint8Array } from "fast-check";
import { describe, expect, it } from "vitest";
import { RequestHash } from "../../../../adapters/aws/request-hash.ts";

const hex = async (hash: RequestHash): Promise<string> => Buffer.from(await hash.digest()).toString("hex");

const bytes = uint8Array({ maxLength: 200 });

describe("the hash of requests", () => {
  it("is SHA-256", async () => {
    await assert(
      asyncProperty(bytes, bytes, async (first, second) => {
        const hash = new RequestHash();
        hash.update(first);
        hash.update(second);
        expect(await hex(hash)).toBe(createHash("sha256").update(first).update(second).digest("hex"));
      }),
    );
  });

  it("is HMAC with a key, be it new or known, text or bytes", async () => {
    await assert(
      asyncProperty(array(oneof(string(), bytes), { minLength: 1, maxLength: 30 }), bytes, async (all, data) => {
        for (const secret of [...all, ...all]) {
          const hash = new RequestHash(secret);
          hash.update(data);
          expect(await hex(hash)).toBe(createHmac("sha256", secret).update(data).digest("hex"));
        }
      }),
    );
  });

  it("takes the part of a buffer for a key that it was given", async () => {
    const whole = Uint8Array.from({ length: 64 }, (_, index) => index);
    const hash = new RequestHash(whole.subarray(16, 48));
    hash.update(whole);
    expect(await hex(hash)).toBe(createHmac("sha256", whole.slice(16, 48)).update(whole).digest("hex"));
    const ofBuffer = new RequestHash(whole.buffer);
    ofBuffer.update(whole);
    expect(await hex(ofBuffer)).toBe(createHmac("sha256", whole).update(whole).digest("hex"));
  });

  it("begins again after a reset", async () => {
    const hash = new RequestHash("key");
    hash.update(Buffer.from("one"));
    hash.reset();
    hash.update(Buffer.from("two"));
    expect(await hex(hash)).toBe(createHmac("sha256", "key").update("two").digest("hex"));
  });
});
