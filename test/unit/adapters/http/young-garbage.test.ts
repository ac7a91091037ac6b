import { describe, expect, it } from "vitest";
import { youngGarbage } from "../../../../adapters/http/young-garbage.ts";

const MIB = 1024 * 1024;
const PIECE = 64 * 1024;

/** How much lay about at most while so many pieces came and were dropped. */
function highestAbove(everyBytes: number, bytes: number): number {
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

describe("the garbage of received bytes", () => {
  it("is collected each time so many bytes have come", () => {
    expect(highestAbove(MIB, 64 * MIB)).toBeLessThan(8 * MIB);
  });

  it("is left to V8 when they have not, which lets far more lie: why it is collected at all", () => {
    expect(highestAbove(Infinity, 64 * MIB)).toBeGreaterThan(16 * MIB);
  });
});
