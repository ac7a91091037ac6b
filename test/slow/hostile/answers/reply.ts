import type { Socket } from "node:net";

/** The origin's side of a connection. What is sent after the other side has gone is dropped. */
export class Reply {
  readonly #socket: Socket;
  readonly #isHead: boolean;

  constructor(socket: Socket, method: string) {
    this.#socket = socket;
    this.#isHead = method === "HEAD";
  }

  /** The same object for all answers on the same connection. */
  get connection(): object {
    return this.#socket;
  }

  /** Bytes as they are; a text as Latin-1, unless it has other characters: then as UTF-8. */
  send(data: string | Uint8Array): this {
    if (this.#socket.writable) this.#socket.write(typeof data === "string" ? bytesOf(data) : data);
    return this;
  }

  /** Nothing for HEAD. */
  sendBody(data: string | Uint8Array): this {
    return this.#isHead ? this : this.send(data);
  }

  /** Closes the connection when all has been sent. */
  close(): void {
    this.#socket.end();
  }

  /** Breaks the connection with a TCP reset, when what was sent has most likely arrived. */
  reset(): void {
    this.after(60, () => this.#socket.resetAndDestroy());
  }

  /** Does nothing if the connection is gone by then. */
  after(ms: number, step: () => void): void {
    const timer = setTimeout(step, ms);
    this.#socket.once("close", () => clearTimeout(timer));
  }

  /** Sends the pieces one after another, then calls `then`. */
  every(ms: number, pieces: Iterable<string | Uint8Array>, then: () => void = () => undefined): void {
    const iterator = pieces[Symbol.iterator]();
    const timer = setInterval(() => {
      const next = iterator.next();
      if (!next.done) {
        this.send(next.value);
        return;
      }
      clearInterval(timer);
      then();
    }, ms);
    this.#socket.once("close", () => clearInterval(timer));
  }
}

const bytesOf = (text: string): Buffer => Buffer.from(text, /^[\0-\xff]*$/.test(text) ? "latin1" : "utf8");
