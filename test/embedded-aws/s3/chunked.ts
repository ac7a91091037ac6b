/**
 * The aws-chunked content encoding: `<hex size>[;extension]CRLF <bytes> CRLF ... 0 CRLF <trailer: value CRLF>* CRLF`.
 * The SDK sends a stream this way if its checksum is known only at the end.
 */
import { S3Error } from "./errors.ts";

const CRLF = "\r\n";
/** In bytes. Chunk headers and trailers are short: a longer line is not aws-chunked. */
const LONGEST_LINE = 16_384;

export type Trailers = ReadonlyMap<string, string>;

/**
 * Yields the payload as it arrives, and returns the trailers.
 * @throws S3Error IncompleteBody if the encoding is broken.
 */
export async function* decodeAwsChunked(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer, Trailers> {
  const reader = new Reader(source);
  for (;;) {
    let left = chunkSize(await reader.line());
    if (left === 0) return trailersFrom(reader);
    while (left > 0) {
      const piece = await reader.atMost(left);
      left -= piece.length;
      yield piece;
    }
    if ((await reader.line()) !== "") throw incomplete("a chunk is longer than its header says");
  }
}

async function trailersFrom(reader: Reader): Promise<Trailers> {
  const trailers = new Map<string, string>();
  for (let line = await reader.line(); line !== ""; line = await reader.line()) {
    const colon = line.indexOf(":");
    trailers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  return trailers;
}

function chunkSize(header: string): number {
  const hex = /^([0-9a-fA-F]{1,12})(?:;.*)?$/.exec(header)?.[1];
  if (hex === undefined) throw incomplete(`"${header.slice(0, 40)}" is not a chunk header`);
  return Number.parseInt(hex, 16);
}

function incomplete(why: string): S3Error {
  return new S3Error("IncompleteBody", `The aws-chunked body cannot be decoded: ${why}.`);
}

class Reader {
  readonly #pieces: AsyncIterator<Buffer>;
  #buffered: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#pieces = source[Symbol.asyncIterator]();
  }

  async atMost(bytes: number): Promise<Buffer> {
    if (this.#buffered.length === 0) await this.#more();
    const piece = this.#buffered.subarray(0, bytes);
    this.#buffered = this.#buffered.subarray(piece.length);
    return piece;
  }

  async line(): Promise<string> {
    let end = this.#buffered.indexOf(CRLF);
    while (end < 0) {
      if (this.#buffered.length > LONGEST_LINE) throw incomplete("a line has no end");
      await this.#more();
      end = this.#buffered.indexOf(CRLF);
    }
    const line = this.#buffered.toString("latin1", 0, end);
    this.#buffered = this.#buffered.subarray(end + CRLF.length);
    return line;
  }

  async #more(): Promise<void> {
    const next = await this.#pieces.next();
    if (next.done === true) throw incomplete("it ends in the middle of a chunk");
    this.#buffered = this.#buffered.length === 0 ? next.value : Buffer.concat([this.#buffered, next.value]);
  }
}
