import { describe, expect, it } from "vitest";
import { systemRandom } from "../../../../adapters/node/random.ts";

describe("randomness", () => {
  it("draws fractions from zero up to, and without, one", () => {
    const drawn = Array.from({ length: 1000 }, () => systemRandom.fraction());
    expect(drawn.every((fraction) => fraction >= 0 && fraction < 1)).toBe(true);
    expect(new Set(drawn).size).toBeGreaterThan(900);
  });

  it("names nothing twice", () => {
    const names = Array.from({ length: 1000 }, () => systemRandom.uniqueId());
    expect(new Set(names).size).toBe(1000);
  });
});
