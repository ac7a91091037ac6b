import type { LookupAddress } from "node:dns";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { CheckedLookup, RefusedAddressError, type Resolve } from "../../../../adapters/http/checked-lookup.ts";

const PUBLIC: LookupAddress = { address: "8.8.8.8", family: 4 };
const PUBLIC_6: LookupAddress = { address: "2606:4700::1111", family: 6 };
const PRIVATE: LookupAddress = { address: "10.0.0.1", family: 4 };
const isPublic = (address: string): boolean => address !== PRIVATE.address;

/** A resolver that gives one answer after the other. What a name leads to changes with each question. */
function resolving(...answers: readonly (readonly LookupAddress[] | Error)[]) {
  let asked = 0;
  let nowMs = 0;
  const resolve: Resolve = (_, __, callback) => {
    const answer = answers[Math.min(asked, answers.length - 1)] ?? [];
    asked += 1;
    setImmediate(() => (answer instanceof Error ? callback(answer, []) : callback(null, answer)));
  };
  const names = new CheckedLookup(resolve, () => nowMs);
  const lookUp = promisify<string, object, unknown>((hostname, options, callback) =>
    names.accepting(isPublic)(hostname, options, (error, found) => callback(error, found)),
  );
  return {
    all: async (hostname = "a.example") => lookUp(hostname, { all: true }),
    one: async () => lookUp("a.example", {}),
    asked: () => asked,
    pass: (ms: number) => void (nowMs += ms),
  };
}

describe("of the addresses of a name", () => {
  it("those that are accepted are connected to, in their order", async () => {
    const { all, one } = resolving([PRIVATE, PUBLIC_6, PUBLIC]);
    expect(await all()).toEqual([PUBLIC_6, PUBLIC]);
    expect(await one()).toBe(PUBLIC_6.address);
  });

  it("none is connected to if none is accepted, and the error names them", async () => {
    const { all, one } = resolving([PRIVATE]);
    await expect(all()).rejects.toThrow(RefusedAddressError);
    await expect(one()).rejects.toThrow("a.example leads to 10.0.0.1");
  });
});

describe("a name", () => {
  it("is resolved once for all that ask at a time, and for ten seconds", async () => {
    const { all, asked, pass } = resolving([PUBLIC], [PUBLIC_6]);
    expect(await Promise.all([all(), all()])).toEqual([[PUBLIC], [PUBLIC]]);
    pass(9_999);
    expect(await all()).toEqual([PUBLIC]);
    expect(asked()).toBe(1);
    pass(1);
    expect(await all()).toEqual([PUBLIC_6]);
  });

  it("that leads elsewhere the next time is checked again", async () => {
    const { all, pass } = resolving([PUBLIC], [PRIVATE]);
    expect(await all()).toEqual([PUBLIC]);
    pass(10_000);
    await expect(all()).rejects.toThrow(RefusedAddressError);
  });

  it("that could not be resolved is asked for again", async () => {
    const { all, asked } = resolving(new Error("EAI_AGAIN"), [PUBLIC]);
    await expect(all()).rejects.toThrow("EAI_AGAIN");
    expect(await all()).toEqual([PUBLIC]);
    expect(asked()).toBe(2);
  });

  it("is forgotten when a thousand others have been asked for", async () => {
    const { all, asked } = resolving([PUBLIC]);
    for (let n = 0; n <= 1_000; n++) await all(`${n}.example`);
    await all("1000.example");
    expect(asked()).toBe(1_001);
    await all("0.example");
    expect(asked()).toBe(1_002);
  });
});
