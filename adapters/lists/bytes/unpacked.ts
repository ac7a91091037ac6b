import { Readable, pipeline, type Transform } from "node:stream";
import zlib from "node:zlib";
import { UnusableListError } from "../../../core/ports/lists.ts";
import { DamagedListError } from "../entry/damaged-list-error.ts";
import { PeekableBytes } from "./peekable-bytes.ts";
import { startsZstd, zstdFrames } from "./zstd-frames.ts";

export interface UnpackedBytes {
  /** The first bytes: at least four, unless there are fewer. */
  readonly head: Buffer;
  /** All bytes. */
  readonly bytes: AsyncIterable<Buffer>;
  readonly werePacked: boolean;
}

const MAGIC_BYTES = 4;
/** Lines come in chunks: larger ones make the heap grow, and are no faster. */
const CHUNK_BYTES = 32_768;

/** The bytes of a stream, which may have been written as text. */
export async function* chunksOf(stream: AsyncIterable<Uint8Array | string>): AsyncGenerator<Buffer> {
  for await (const written of stream) {
    const bytes =
      typeof written === "string"
        ? Buffer.from(written)
        : Buffer.from(written.buffer, written.byteOffset, written.length);
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) yield bytes.subarray(at, at + CHUNK_BYTES);
  }
}

/** Unpacks gzip and zstd, which their first bytes tell. What is packed twice is unpacked twice. */
export async function unpacked(packed: AsyncIterable<Buffer>): Promise<UnpackedBytes> {
  const bytes = new PeekableBytes(packed);
  const head = await bytes.peek(MAGIC_BYTES);
  if (head[0] === 0x1f && head[1] === 0x8b) {
    const gunzip = zlib.createGunzip({ chunkSize: CHUNK_BYTES });
    return { ...(await unpacked(decoded(bytes, gunzip, "gzip"))), werePacked: true };
  }
  if (startsZstd(head)) {
    return { ...(await unpacked(decoded(zstdFrames(bytes), zstdDecoder(), "zstd"))), werePacked: true };
  }
  return { head, bytes, werePacked: false };
}

function zstdDecoder(): Transform {
  // Absent from the module before Node 22.15, whatever the types say.
  if ("createZstdDecompress" in zlib) return zlib.createZstdDecompress({ chunkSize: CHUNK_BYTES });
  throw new UnusableListError(
    `The list is packed with zstd, which needs Node 22.15 or newer, and this is Node ${process.versions.node}. ` +
      "Unpack it first: zstd -dc LIST | fetchonce get -",
  );
}

async function* decoded(packed: AsyncIterable<Buffer>, decoder: Transform, kind: string): AsyncGenerator<Buffer> {
  pipeline(Readable.from(packed, { highWaterMark: 1 }), decoder, () => undefined);
  try {
    for await (const chunk of decoder) yield chunk as Buffer;
  } catch (error) {
    if (!isDecodingError(error)) throw error;
    throw new DamagedListError(
      `the ${kind} data ends too early or is damaged (${error.message}); fetch the list again. ` +
        "The rest of it was not read",
      { cause: error },
    );
  }
}

const isDecodingError = (error: unknown): error is Error =>
  error instanceof Error && "code" in error && /^Z(STD)?_/.test(String(error.code));
