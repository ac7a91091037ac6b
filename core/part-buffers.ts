/**
 * The buffers that bodies pass through, shared by all records of a worker: what bounds its memory.
 * A holder waits only for uploads, which end by themselves, so waiting for a buffer ends as well.
 */
export class PartBuffers {
  readonly bytes: number;
  #left: number;
  readonly #idle: Uint8Array[] = [];
  readonly #waiting: (() => void)[] = [];

  constructor(count: number, bytes: number) {
    this.#left = count;
    this.bytes = bytes;
  }

  async take(): Promise<Uint8Array> {
    if (this.#left === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#left -= 1;
    return this.#idle.pop() ?? new Uint8Array(this.bytes);
  }

  /** For a buffer that nothing refers to any more. */
  giveBack(buffer: Uint8Array): void {
    this.#idle.push(buffer);
    this.letGo();
  }

  /** Frees the place of a buffer that a failed request may still refer to: its memory is not used again. */
  letGo(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#left += 1;
  }
}
