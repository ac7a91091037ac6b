import { describe, expect, it } from "vitest";
import { youngGarbage } from "../../../../adapters/http/young-garbage.ts";

const MIB = 1024 * 1024;
const PIECE = 64 * 1024;

/** @returns the peak growth of ArrayBuffer memory, in bytes, while `bytes` bytes arrive in pieces that are dropped. */
function peakGrowth(everyBytes: number, bytes: number): number {
  const garbage = youngGarbage(everyBytes);
  const before = process.memoryUsage().arrayBuffers;
  let highest = before;
  for (let received = 0; received < bytes; received += PIECE) {
    const piece = new Uint8Array(PIECE);
    highest = Math.max(highest, process.memoryUsage().arrayBuffers);
    garbage.received(piece.length);
  }
  return highest - before;
}

describe("the memory of received bytes that are no longer needed", () => {
  it("grows by less than 8 MiB if it is collected once per received MiB", () => {
    expect(peakGrowth(MIB, 64 * MIB)).toBeLessThan(8 * MIB);
  });

  it("grows by more than 16 MiB if collection is left to V8, which is why it is forced", () => {
    expect(peakGrowth(Infinity, 64 * MIB)).toBeGreaterThan(16 * MIB);
  });
});
