import { RetryableError } from "../../model/errors.ts";

/** The pieces of a body, of which a reader may take a part and leave the rest to the next one. */
export class Pieces {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #left: Uint8Array = new Uint8Array();

  constructor(body: AsyncIterable<Uint8Array>) {
    this.#pieces = body[Symbol.asyncIterator]();
  }

  /** Undefined at the end of the body. A piece is valid until the next one is asked for. */
  async next(): Promise<Uint8Array | undefined> {
    if (this.#left.length === 0) {
      const { done, value } = await this.#pieces.next();
      return done === true ? undefined : value;
    }
    const piece = this.#left;
    this.#left = new Uint8Array();
    return piece;
  }

  /** What is left of the last piece comes again. */
  leave(rest: Uint8Array): void {
    this.#left = rest;
  }

  /** To be called when not all of the body is read. */
  async close(): Promise<void> {
    await this.#pieces.return?.();
  }
}

/** The next bytes of a body, and no more. */
export class NextPart implements AsyncIterable<Uint8Array> {
  readonly #pieces: Pieces;
  readonly #onPiece: (piece: Uint8Array) => void;
  #bytes: number;
  #failure: unknown;

  constructor(pieces: Pieces, bytes: number, onPiece: (piece: Uint8Array) => void) {
    this.#pieces = pieces;
    this.#bytes = bytes;
    this.#onPiece = onPiece;
  }

  /** Why they did not come. */
  get failure(): unknown {
    return this.#failure;
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    while (this.#bytes > 0) {
      const piece = (await this.#next()).subarray(0, this.#bytes);
      this.#bytes -= piece.length;
      this.#onPiece(piece);
      yield piece;
    }
  }

  async #next(): Promise<Uint8Array> {
    try {
      const piece = await this.#pieces.next();
      if (!piece) throw new RetryableError("torn_body");
      if (piece.length > this.#bytes) this.#pieces.leave(piece.subarray(this.#bytes));
      return piece;
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }
}
