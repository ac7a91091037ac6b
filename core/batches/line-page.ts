const FIRST_BYTES = 4 * 1024 * 1024;
/** A character of UTF-16 takes at most three bytes of UTF-8. */
const MOST_BYTES_A_CHARACTER = 3;

/**
 * Lines in one buffer. As strings, 10,000 lines outlive V8's young generation, and their garbage would enlarge the old
 * one: by 20 MiB, with a million lines.
 */
export class LinePage {
  #buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #bytes = 0;
  #lines = 0;

  get lines(): number {
    return this.#lines;
  }

  add(line: string): void {
    this.#makeRoom((line.length + 1) * MOST_BYTES_A_CHARACTER);
    this.#bytes += this.#buffer.write(`${line}\n`, this.#bytes);
    this.#lines += 1;
  }

  /** What was added, of which nothing is left here. */
  take(): Uint8Array {
    const taken = Buffer.from(this.#buffer.subarray(0, this.#bytes));
    [this.#bytes, this.#lines] = [0, 0];
    return taken;
  }

  #makeRoom(bytes: number): void {
    if (this.#bytes + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(2 * (this.#bytes + bytes));
    this.#buffer.copy(larger, 0, 0, this.#bytes);
    this.#buffer = larger;
  }
}
