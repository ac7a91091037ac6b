import type { Buffers } from "./part-buffers.ts";

export interface FullPart {
  readonly buffer: Uint8Array;
  readonly length: number;
}

/**
 * The part of a body that is being read. A body begins in memory of its own, and takes a part buffer when it has more
 * than `smallBytes`: an origin that sends next to nothing must not keep a buffer from other bodies.
 */
export class PartInHand {
  readonly #buffers: Buffers;
  #memory: Uint8Array = new Uint8Array();
  #length = 0;
  #isBuffer = false;

  constructor(buffers: Buffers) {
    this.#buffers = buffers;
  }

  get bytes(): Uint8Array {
    return this.#memory.subarray(0, this.#length);
  }

  get isFull(): boolean {
    return this.#length === this.#buffers.bytes;
  }

  hasRoomFor(bytes: number): boolean {
    return this.#isBuffer || this.#length + bytes <= this.#buffers.smallBytes;
  }

  /** Waits until a buffer is free. Bodies that wait are served in turn, so none waits for the end of another. */
  async takeBuffer(): Promise<void> {
    const buffer = await this.#buffers.take();
    buffer.set(this.bytes);
    this.#memory = buffer;
    this.#isBuffer = true;
  }

  /** To be called only with room. @returns how many bytes fitted into the part. */
  add(piece: Uint8Array): number {
    const most = this.#isBuffer ? this.#buffers.bytes : this.#buffers.smallBytes;
    const length = Math.min(this.#length + piece.length, most);
    if (length > this.#memory.length) this.#grow(Math.min(most, Math.max(length, 2 * this.#memory.length)));
    const taken = length - this.#length;
    this.#memory.set(piece.subarray(0, taken), this.#length);
    this.#length = length;
    return taken;
  }

  /** Its bytes, in a part buffer that is the caller's from now on. The next part begins. */
  async handOver(): Promise<FullPart> {
    if (!this.#isBuffer) await this.takeBuffer();
    const part = { buffer: this.#memory, length: this.#length };
    this.#forget();
    return part;
  }

  /** Nothing refers to its bytes any more. */
  giveBack(): void {
    if (this.#isBuffer) this.#buffers.giveBack(this.#memory);
    this.#forget();
  }

  /** The body has ended. A failed request may still refer to the last bytes. */
  end(): void {
    if (this.#isBuffer) this.#buffers.letGo();
    this.#forget();
  }

  #grow(bytes: number): void {
    const memory = new Uint8Array(bytes);
    memory.set(this.bytes);
    this.#memory = memory;
  }

  #forget(): void {
    this.#memory = new Uint8Array();
    this.#length = 0;
    this.#isBuffer = false;
  }
}
