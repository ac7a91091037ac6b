import { PeekableBytes } from "./peekable-bytes.ts";

const MAGIC = 0xfd2fb528;
/** What a frame's header holds after its first byte, by the flags in it (RFC 8878, 3.1.1.1). */
const DICTIONARY_ID_BYTES = [0, 1, 2, 4];
const CONTENT_SIZE_BYTES = [0, 2, 4, 8];
const IS_SINGLE_SEGMENT = 0b0010_0000;
const HAS_CHECKSUM = 0b0000_0100;
const RUN_LENGTH_BLOCK = 1;
const MOST_TAKEN_BYTES = 65_536;

/** Frames that hold no content, as pzstd writes them. */
const isSkippable = (magic: number): boolean => magic >>> 4 === 0x184d2a5;

export const startsZstd = (head: Buffer): boolean =>
  head.length >= 4 && (head.readUInt32LE() === MAGIC || isSkippable(head.readUInt32LE()));

/**
 * Cuts the bytes where frames end. Node's decompressor drops what follows a frame's end in the same chunk, without an
 * error (24.21). What is damaged is passed on for it to refuse.
 */
export async function* zstdFrames(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const bytes = new PeekableBytes(chunks);
  for (let head = await bytes.peek(4); startsZstd(head); head = await bytes.peek(4)) {
    yield* head.readUInt32LE() === MAGIC ? frame(bytes) : skippableFrame(bytes);
  }
  yield* bytes;
}

async function* frame(bytes: PeekableBytes): AsyncGenerator<Buffer> {
  const start = await bytes.take(5);
  const flags = start[4] ?? 0;
  yield start;
  yield await bytes.take(restOfHeader(flags));
  for (let isLast = false; !isLast;) {
    const header = await bytes.take(3);
    yield header;
    if (header.length < 3) return;
    const word = header.readUIntLE(0, 3);
    isLast = (word & 1) === 1;
    yield await bytes.take(((word >> 1) & 3) === RUN_LENGTH_BLOCK ? 1 : word >> 3);
  }
  if (flags & HAS_CHECKSUM) yield await bytes.take(4);
}

function restOfHeader(flags: number): number {
  const isSingle = (flags & IS_SINGLE_SEGMENT) !== 0;
  const sizeFlag = flags >> 6;
  const sizeBytes = sizeFlag === 0 && isSingle ? 1 : (CONTENT_SIZE_BYTES[sizeFlag] ?? 0);
  return (isSingle ? 0 : 1) + (DICTIONARY_ID_BYTES[flags & 3] ?? 0) + sizeBytes;
}

async function* skippableFrame(bytes: PeekableBytes): AsyncGenerator<Buffer> {
  const header = await bytes.take(8);
  yield header;
  let left = header.length < 8 ? 0 : header.readUInt32LE(4);
  while (left > 0) {
    const content = await bytes.take(Math.min(left, MOST_TAKEN_BYTES));
    if (content.length === 0) return;
    left -= content.length;
    yield content;
  }
}
