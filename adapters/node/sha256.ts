import { compress, FIRST_STATE } from "./sha256-blocks.ts";

const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;
/**
 * A saved state is that of hash-wasm 4.12, so that releases that use it go on with ours, and we with theirs: its mark,
 * the block that is not full, the length, the state, the length of a digest, and four bytes of nothing. In bytes:
 */
const MARK = 0x8e_d6_95_a3;
const [BLOCK_AT, LENGTH_AT, STATE_AT, DIGEST_BYTES_AT, SAVED_BYTES] = [4, 68, 76, 108, 116];

/** SHA-256 whose state can be saved. Node's own is faster, but cannot do that. */
export class Sha256 {
  readonly #state = Int32Array.from(FIRST_STATE);
  readonly #block = Buffer.alloc(BLOCK_BYTES);
  #bytes = 0;

  init(): this {
    this.#state.set(FIRST_STATE);
    this.#bytes = 0;
    return this;
  }

  update(bytes: Uint8Array): this {
    const held = this.#bytes % BLOCK_BYTES;
    this.#bytes += bytes.length;
    let rest = bytes;
    if (held > 0) {
      const more = rest.subarray(0, BLOCK_BYTES - held);
      this.#block.set(more, held);
      if (held + more.length < BLOCK_BYTES) return this;
      compress(this.#state, this.#block);
      rest = rest.subarray(more.length);
    }
    const whole = rest.length - (rest.length % BLOCK_BYTES);
    if (whole > 0) compress(this.#state, rest.subarray(0, whole));
    this.#block.set(rest.subarray(whole));
    return this;
  }

  digest(_encoding: "hex"): string {
    const bits = 8n * BigInt(this.#bytes);
    const zeros = (2 * BLOCK_BYTES - 9 - (this.#bytes % BLOCK_BYTES)) % BLOCK_BYTES;
    const padding = Buffer.alloc(1 + zeros + 8);
    padding[0] = 0x80;
    padding.writeBigUInt64BE(bits, 1 + zeros);
    this.update(padding);
    const digest = Buffer.alloc(DIGEST_BYTES);
    for (const [index, word] of this.#state.entries()) digest.writeInt32BE(word, 4 * index);
    return digest.toString("hex");
  }

  save(): Uint8Array {
    const saved = Buffer.alloc(SAVED_BYTES);
    saved.writeUInt32BE(MARK);
    saved.set(this.#block, BLOCK_AT);
    saved.writeBigUInt64LE(BigInt(this.#bytes), LENGTH_AT);
    for (const [index, word] of this.#state.entries()) saved.writeInt32LE(word, STATE_AT + 4 * index);
    saved.writeUInt32LE(DIGEST_BYTES, DIGEST_BYTES_AT);
    return saved;
  }

  /** @throws TypeError if it is no state that `save`, or a release before, has made. */
  load(saved: Uint8Array): this {
    const state = Buffer.from(saved.buffer, saved.byteOffset, saved.byteLength);
    if (state.length !== SAVED_BYTES || state.readUInt32BE() !== MARK || state.readUInt32LE(DIGEST_BYTES_AT) !== 32)
      throw new TypeError("This is no saved state of SHA-256.");
    this.#block.set(state.subarray(BLOCK_AT, LENGTH_AT));
    this.#bytes = Number(state.readBigUInt64LE(LENGTH_AT));
    for (const index of this.#state.keys()) this.#state[index] = state.readInt32LE(STATE_AT + 4 * index);
    return this;
  }
}
