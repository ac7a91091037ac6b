import { Semaphore } from "./parts/semaphore.ts";

/** What stays free when a spare buffer is taken: enough for a part to be read while another one is uploaded. */
const LEFT_FREE = 2;

/** Of a part, 64 KiB of the usual 8 MiB. */
const SMALL = 1 / 128;

/**
 * The buffers that large bodies pass through, a part at a time and in turn. All records of a worker share them, which
 * bounds its memory. A holder waits only for its origin and for uploads, which end by themselves, so waiting for a
 * buffer ends too. The holder of a spare buffer may wait for another one: `LEFT_FREE` buffers are never spare ones.
 */
export class PartBuffers {
  readonly bytes: number;
  /** A body of up to so many bytes passes through memory of its own. */
  readonly smallBytes: number;
  readonly #places: Semaphore;
  readonly #idle: Uint8Array[] = [];

  constructor(count: number, bytes: number, smallBytes = Math.floor(bytes * SMALL)) {
    this.bytes = bytes;
    this.smallBytes = Math.min(smallBytes, bytes);
    this.#places = new Semaphore(count);
  }

  async take(): Promise<Uint8Array> {
    await this.#places.acquire();
    return this.#idle.pop() ?? new Uint8Array(this.bytes);
  }

  /** Undefined if others may soon need the buffers that are left. */
  takeSpare(): Uint8Array | undefined {
    return this.#places.tryAcquire(LEFT_FREE) ? (this.#idle.pop() ?? new Uint8Array(this.bytes)) : undefined;
  }

  /** For a buffer that nothing refers to any more. */
  giveBack(buffer: Uint8Array): void {
    this.#idle.push(buffer);
    this.letGo();
  }

  /** Frees the place of a buffer that a failed request may still refer to. Its memory is not used again. */
  letGo(): void {
    this.#places.release();
  }
}

/** What a body needs of them. */
export type Buffers = Pick<PartBuffers, keyof PartBuffers>;
