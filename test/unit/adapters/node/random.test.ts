import { describe, expect, it } from "vitest";
import { systemRandom } from "../../../../adapters/node/random.ts";

describe("the system's randomness", () => {
  it("draws fractions of at least 0 and less than 1", () => {
    const drawn = Array.from({ length: 1000 }, () => systemRandom.fraction());
    expect(drawn.every((fraction) => fraction >= 0 && fraction < 1)).toBe(true);
    expect(new Set(drawn).size).toBeGreaterThan(900);
  });

  it("draws no unique id twice in 1000 draws", () => {
    const names = Array.from({ length: 1000 }, () => systemRandom.uniqueId());
    expect(new Set(names).size).toBe(1000);
  });
});
