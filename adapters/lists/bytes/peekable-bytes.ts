/** Bytes that can be looked at before they are taken. */
export class PeekableBytes implements AsyncIterable<Buffer> {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** At least `count` bytes, unless fewer are left. They stay to be taken. */
  async peek(count: number): Promise<Buffer> {
    const parts = [this.#rest];
    let length = this.#rest.length;
    while (length < count) {
      const chunk = await this.#chunks.next();
      if (chunk.done) break;
      parts.push(chunk.value);
      length += chunk.value.length;
    }
    if (parts.length > 1) this.#rest = Buffer.concat(parts);
    return this.#rest;
  }

  /** Exactly `count` bytes, unless fewer are left. */
  async take(count: number): Promise<Buffer> {
    const taken = (await this.peek(count)).subarray(0, count);
    this.#rest = this.#rest.subarray(taken.length);
    return taken;
  }

  /** All bytes that are left. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    if (this.#rest.length > 0) yield this.#rest;
    yield* { [Symbol.asyncIterator]: () => this.#chunks };
  }
}
