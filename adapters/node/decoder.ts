import { pipeline, type Duplex } from "node:stream";
import zlib from "node:zlib";
import { JobError, RetryableError } from "../../core/model/errors.ts";
import type { Decoder } from "../../core/ports/decoder.ts";

/** `deflate` means the zlib format. Some servers send it without its two bytes of header. */
const ZLIB_METHOD = 8;
const isZlib = (first: number, second: number): boolean =>
  (first & 0x0f) === ZLIB_METHOD && ((first << 8) | second) % 31 === 0;

type Unpacker = (head: Uint8Array) => Duplex;

const UNPACKERS: Readonly<Record<string, Unpacker>> = {
  gzip: () => zlib.createGunzip(),
  deflate: ([first = 0, second = 0]) => (isZlib(first, second) ? zlib.createInflate() : zlib.createInflateRaw()),
  br: () => zlib.createBrotliDecompress(),
  // Node has it since 22.15.
  ...("createZstdDecompress" in zlib && { zstd: () => zlib.createZstdDecompress() }),
};

export const nodeDecoder: Decoder = {
  knows: (coding) => Object.hasOwn(UNPACKERS, coding),
  decode: (coding, body) => decoded(coding, body),
};

async function* decoded(coding: string, body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const pieces = body[Symbol.asyncIterator]();
  try {
    const first = await pieces.next();
    // An empty body has no coding, whatever its header says.
    if (first.done === true) return;
    const unpacker = UNPACKERS[coding]?.(first.value);
    if (!unpacker) throw new RetryableError("unknown_transfer_coding");
    // The error comes out of the loop below.
    pipeline(begun(first.value, pieces), unpacker, () => undefined);
    yield* unpacker as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw error instanceof JobError || !isDamage(error)
      ? error
      : new RetryableError("damaged_encoding", { cause: error });
  } finally {
    await pieces.return?.();
  }
}

async function* begun(first: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncIterable<Uint8Array> {
  yield first;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

/** Node's codes of its four libraries. */
const isDamage = (error: unknown): boolean =>
  error instanceof Error &&
  "code" in error &&
  /^(Z_|ERR__ERROR_|ERR_BROTLI|ERR_ZSTD|ZSTD_|ERR_BUFFER)/.test(String(error.code));
