import { describe, expect, it } from "vitest";
import type { ListedObject } from "../../../adapters/aws/s3/listed-content.ts";
import type { Indexed } from "../../../adapters/aws/operators/scanned-index.ts";
import { contentKey, hashItemKey } from "../../../core/model/keys.ts";
import { simulatedItems } from "../../simulation/services/items.ts";
import { simulatedClock } from "../../simulation/world.ts";
import { operated } from "./operated.ts";

const clock = simulatedClock();
const HOUR_MS = 3_600_000;
const [A, B, C, D] = ["a", "b", "c", "d"].map((digit) => digit.repeat(64)) as [string, string, string, string];
const entry = (sha256: string, bytes = 7): Indexed => ({ key: contentKey(sha256), bytes, jobId: "j" });
const object = (sha256: string, bytes = 7, ageMs = 2 * HOUR_MS): ListedObject => ({
  key: contentKey(sha256),
  bytes,
  modifiedAtMs: clock.nowMs() - ageMs,
});

/** Pages of one each. */
function paged<T>(
  all: readonly T[],
  from: string | undefined,
): { readonly some: readonly T[]; readonly next?: string } {
  const at = Number(from ?? 0);
  return { some: all.slice(at, at + 1), ...(at + 1 < all.length && { next: String(at + 1) }) };
}

async function verified(index: readonly Indexed[], bucket: readonly ListedObject[], ...argv: readonly string[]) {
  const items = simulatedItems();
  for (const { key } of index)
    await items.write({ key: hashItemKey(key.slice(-64)), when: [[]], set: { content_key: key } });
  return operated(["verify", "--stack", "fetchonce-prod", ...argv], {
    clock,
    tableOf: () => ({ clock, items }),
    indexPage: async (table, from) => {
      expect(table).toBe("jobs-of-prod");
      const { some, ...next } = paged(index, from);
      return Promise.resolve({ entries: some, scanned: 3, readUnits: 0.5, ...next });
    },
    contentPage: async (name, from) => {
      expect(name).toBe("content-of-prod");
      const { some, ...next } = paged(bucket, from);
      return Promise.resolve({ objects: some, ...next });
    },
    bytesOf: async (_name, key) => Promise.resolve(bucket.find((each) => each.key === key)?.bytes),
  });
}

describe("fetchonce verify", () => {
  it("finds nothing where each entry has its object, and exits with 0", async () => {
    expect(await verified([entry(A), entry(B, 8)], [object(A), object(B, 8)])).toEqual({
      code: 0,
      stdout:
        "2 entries of the index, 2 objects of content-of-prod. 0 objects missing, 0 of another size, 0 unindexed. Read " +
        "for 1 read unit.\n",
      stderr: "",
    });
  });

  it("tells of what is missing, of another size, and unindexed, and exits with 1", async () => {
    const { code, stdout } = await verified([entry(A), entry(B), entry(C)], [object(B, 6), object(C), object(D)]);
    expect({ code, lines: stdout.split("\n").slice(0, 3) }).toEqual({
      code: 1,
      lines: [
        `missing    ${contentKey(A)}  j`,
        `size       ${contentKey(B)}  j  6 bytes instead of 7`,
        `unindexed  ${contentKey(D)}  7 bytes`,
      ],
    });
  });

  it("does not wonder at what a worker has only just stored, nor fail because of what is unindexed", async () => {
    const { code, stdout } = await verified([], [object(A, 7, HOUR_MS - 1), object(B, 7, HOUR_MS)]);
    expect(code).toBe(0);
    expect(stdout.split("\n")[0]).toBe(`unindexed  ${contentKey(B)}  7 bytes`);
    expect(stdout).toContain("0 entries of the index, 2 objects of content-of-prod. 0 objects missing, 0 of another");
  });

  it("calls an object unindexed that is not named by its hash", async () => {
    const stray = { ...object(A), key: "sha256/readme.txt" };
    const { code, stdout } = await verified([entry(A)], [object(A), stray], "--json");
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
    expect({ code, lines }).toEqual({
      code: 0,
      lines: [
        { type: "unindexed", key: "sha256/readme.txt", bytes: 7 },
        { type: "summary", entries: 1, missing: 0, size: 0, objects: 2, unindexed: 1, read_units: 0.5, is_whole: true },
      ],
    });
  });
});
