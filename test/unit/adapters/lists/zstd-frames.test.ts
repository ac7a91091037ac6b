import zlib from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { unpacked } from "../../../../adapters/lists/bytes/unpacked.ts";
import { zstdFrames } from "../../../../adapters/lists/bytes/zstd-frames.ts";
import { collected } from "../../cli/input/support.ts";

const { ZSTD_c_checksumFlag, ZSTD_c_contentSizeFlag } = zlib.constants;

function frame(content: Uint8Array, checksumFlag: number, contentSizeFlag: number): Buffer {
  const params = { [ZSTD_c_checksumFlag]: checksumFlag, [ZSTD_c_contentSizeFlag]: contentSizeFlag };
  return zlib.zstdCompressSync(content, { params });
}

function skippableFrame(kind: number, content: Uint8Array): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(0x184d2a50 + kind);
  head.writeUInt32LE(content.length, 4);
  return Buffer.concat([head, content]);
}

async function* cut(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function unpack(bytes: Buffer, size: number): Promise<Buffer> {
  return Buffer.concat(await collected((await unpacked(cut(bytes, size))).bytes));
}

const flag = fc.nat(1);
const content = fc.oneof(
  fc.uint8Array({ size: "medium" }),
  fc.nat(300_000).map((length) => Buffer.alloc(length, "run")),
  fc.nat(300_000).map((length) => Buffer.alloc(length)),
);
const pieceOf = fc.oneof(
  fc.tuple(content, flag, flag).map(([bytes, ...flags]) => ({ bytes, packed: frame(bytes, ...flags) })),
  fc
    .tuple(fc.nat(15), fc.uint8Array({ maxLength: 20 }))
    .map(([kind, skipped]) => ({ bytes: new Uint8Array(), packed: skippableFrame(kind, skipped) })),
);

describe("frames of zstd", () => {
  it("are all unpacked, however many there are and wherever chunks end", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(pieceOf, { minLength: 1, maxLength: 5 }),
        fc.constantFrom(1000, 65_536, 1e7),
        async (pieces, size) => {
          const packed = Buffer.concat(pieces.map((piece) => piece.packed));
          const bytes = Buffer.concat(pieces.map((piece) => piece.bytes));
          expect(bytes.equals(await unpack(packed, size))).toBe(true);
        },
      ),
      { numRuns: 100 },
    );
  });

  it("are unpacked from chunks of a byte", async () => {
    const packed = Buffer.concat([
      frame(Buffer.from("one"), 1, 1),
      skippableFrame(3, Buffer.from("x")),
      frame(Buffer.from("two"), 0, 0),
    ]);
    expect(String(await unpack(packed, 1))).toBe("onetwo");
  });

  it("are refused wherever they are cut off", async () => {
    const packed = frame(Buffer.from("one and two and three and two and one"), 1, 0);
    for (let length = 4; length < packed.length; length += 1) {
      await expect
        .soft(unpack(packed.subarray(0, length), 1e7), String(length))
        .rejects.toThrow("the zstd data ends too early");
    }
  });

  it("are refused if their checksum is wrong", async () => {
    const packed = frame(Buffer.from("one"), 1, 1);
    packed[packed.length - 1] = 255 - (packed.at(-1) ?? 0);
    await expect(unpack(packed, 1e7)).rejects.toThrow("or is damaged");
  });

  it("keep their bytes: no chunk spans the end of a frame", async () => {
    const frames = [frame(Buffer.alloc(300_000, "a"), 1, 0), frame(Buffer.from("b"), 0, 1)];
    const chunks = await collected(zstdFrames(cut(Buffer.concat(frames), 1e7)));
    const ends = chunks.map((_, index) => chunks.slice(0, index + 1).reduce((sum, { length }) => sum + length, 0));
    expect(Buffer.concat(chunks).equals(Buffer.concat(frames))).toBe(true);
    expect(ends).toContain(frames[0]?.length);
  });
});
