import { Readable, type Writable } from "node:stream";
import { crc32 } from "node:zlib";
import { UploadPartCommand, type UploadPartCommandInput } from "@aws-sdk/client-s3";
import type { HttpRequest } from "@smithy/core/transport";

/** S3 wants chunks of at least 8 KiB, the last one excepted. A larger one has a smaller share of headers. */
const CHUNK_BYTES = 1024 * 1024;
const TRAILER = "x-amz-checksum-crc32";
const CRC32_BYTES = 4;
const END = "\r\n";

const headOf = (bytes: number): string => `${bytes.toString(16)}${END}`;
const trailerOf = (checksum: number): string => {
  const bytes = Buffer.alloc(CRC32_BYTES);
  bytes.writeUInt32BE(checksum);
  return `0${END}${TRAILER}:${bytes.toString("base64")}${END}${END}`;
};

const chunkBytes = (bytes: number): number => (bytes > 0 ? headOf(bytes).length + bytes + END.length : 0);

/** The length of a body in the coding `aws-chunked`, with its trailer. */
const encodedBytes = (bytes: number): number =>
  Math.floor(bytes / CHUNK_BYTES) * chunkBytes(CHUNK_BYTES) + chunkBytes(bytes % CHUNK_BYTES) + trailerOf(0).length;

/**
 * A body whose pieces are sent as they come. The SDK's own coding reads ahead of the connection; a piece may be valid
 * only until the next one is asked for, which happens here when the connection has taken it.
 */
class StreamedPart extends Readable {
  readonly #pieces: AsyncIterable<Uint8Array>;
  readonly #bytes: number;
  #sending: Promise<void> = Promise.resolve();
  #isOver = false;
  #stopWaiting: () => void = () => undefined;

  constructor(pieces: AsyncIterable<Uint8Array>, bytes: number) {
    super();
    this.#pieces = pieces;
    this.#bytes = bytes;
  }

  override pipe<Destination extends NodeJS.WritableStream>(destination: Destination): Destination {
    const connection = destination as unknown as Writable;
    connection.once("close", () => this.#stop());
    this.#sending = this.#send(connection).catch((error: unknown) => {
      this.#stop();
      connection.destroy(error instanceof Error ? error : new Error(String(error)));
    });
    return destination;
  }

  /** Asks for no more pieces. */
  async end(): Promise<void> {
    this.#stop();
    await this.#sending;
    this.destroy();
  }

  #stop(): void {
    this.#isOver = true;
    this.#stopWaiting();
  }

  async #send(connection: Writable): Promise<void> {
    let checksum = 0;
    let leftBytes = this.#bytes;
    let leftOfChunk = 0;
    for await (const piece of this.#pieces) {
      if (piece.length > leftBytes) throw new RangeError(`A part of ${this.#bytes} bytes goes on.`);
      for (let rest = piece; rest.length > 0 && !this.#isOver;) {
        connection.cork();
        if (leftOfChunk === 0) {
          leftOfChunk = Math.min(CHUNK_BYTES, leftBytes);
          connection.write(headOf(leftOfChunk));
        }
        const data = rest.subarray(0, leftOfChunk);
        rest = rest.subarray(data.length);
        leftOfChunk -= data.length;
        leftBytes -= data.length;
        checksum = crc32(data, checksum);
        const taken = this.#taken(connection, data);
        if (leftOfChunk === 0) connection.write(END);
        connection.uncork();
        await taken;
      }
      if (this.#isOver) return;
    }
    if (leftBytes > 0) throw new RangeError(`A part of ${this.#bytes} bytes ends ${leftBytes} bytes too early.`);
    connection.end(trailerOf(checksum));
  }

  async #taken(connection: Writable, data: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.#stopWaiting = resolve;
      connection.write(data, () => resolve());
    });
  }
}

export interface StreamedUpload {
  readonly command: UploadPartCommand;
  /** To be called when the command has been answered, or has failed. */
  end(): Promise<void>;
}

/**
 * The upload of a part that is not in memory. Its CRC-32 follows it in a trailer, so that S3 compares it all the same.
 * The SDK does not repeat such a request.
 */
export function streamedUpload(
  input: Omit<UploadPartCommandInput, "Body" | "ContentLength">,
  pieces: AsyncIterable<Uint8Array>,
  bytes: number,
): StreamedUpload {
  const body = new StreamedPart(pieces, bytes);
  const command = new UploadPartCommand({ ...input, Body: body, ContentLength: encodedBytes(bytes) });
  const headers = {
    "content-encoding": "aws-chunked",
    "x-amz-decoded-content-length": String(bytes),
    "x-amz-trailer": TRAILER,
    "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
  };
  command.middlewareStack.add(
    (next) => async (args) => {
      // The SDK takes a body that has a checksum as it is.
      Object.assign((args.request as HttpRequest).headers, headers, { [TRAILER]: "in the trailer" });
      return next(args);
    },
    { name: "encodedPart", step: "build", priority: "high" },
  );
  command.middlewareStack.add(
    (next) => async (args) => {
      delete (args.request as HttpRequest).headers[TRAILER];
      return next(args);
    },
    { name: "checksumInTrailer", step: "finalizeRequest", priority: "high" },
  );
  return { command, end: async () => body.end() };
}
