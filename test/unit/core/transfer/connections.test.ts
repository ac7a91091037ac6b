import { describe, expect, it } from "vitest";
import { Connections } from "../../../../core/transfer/connections.ts";

const ROUND_BYTES = 100;

/** @returns how many connections are used after each round, if `bytesPerMs` is what so many of them bring. */
function countsWith(most: number, bytesPerMs: (count: number) => number): number[] {
  let nowMs = 0;
  const connections = new Connections({ nowMs: () => nowMs }, most, ROUND_BYTES);
  return Array.from({ length: 6 }, () => {
    for (let half = 0; half < 2; half++) {
      nowMs += ROUND_BYTES / 2 / bytesPerMs(connections.count);
      connections.arrived(ROUND_BYTES / 2);
    }
    return connections.count;
  });
}

describe("the number of connections of a file", () => {
  it("doubles up to the limit for as long as that makes it faster", () => {
    expect(countsWith(16, (count) => count)).toEqual([2, 4, 8, 16, 16, 16]);
    expect(countsWith(3, (count) => count)).toEqual([2, 3, 3, 3, 3, 3]);
  });

  it("stays one if two are no faster", () => {
    expect(countsWith(8, () => 5)).toEqual([2, 1, 1, 1, 1, 1]);
  });

  it("goes back by half when more brings less than a fifth more, and stays there", () => {
    expect(countsWith(16, (count) => Math.min(count, 4.5))).toEqual([2, 4, 8, 4, 4, 4]);
  });

  it("goes back from the limit as well", () => {
    expect(countsWith(4, (count) => (count === 4 ? 1 : count))).toEqual([2, 4, 2, 2, 2, 2]);
  });

  it("is one if the limit is one", () => {
    expect(countsWith(1, (count) => count)).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it("is judged without the first half of a round, in which connections start", () => {
    let nowMs = 0;
    const connections = new Connections({ nowMs: () => nowMs }, 8, ROUND_BYTES);
    const half = (ms: number) => {
      nowMs += ms;
      connections.arrived(ROUND_BYTES / 2);
    };
    half(1);
    half(100);
    half(100_000);
    half(50);
    expect(connections.count).toBe(4);
  });

  it("survives a clock that is set back", () => {
    let nowMs = 1000;
    const connections = new Connections({ nowMs: () => nowMs }, 2, ROUND_BYTES);
    for (let half = 0; half < 4; half++) {
      connections.arrived(ROUND_BYTES / 2);
      nowMs -= 500;
    }
    expect([1, 2]).toContain(connections.count);
  });
});
