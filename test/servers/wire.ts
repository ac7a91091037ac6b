import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** Stands between the command and a server, passes on every byte, and counts. */
export class Wire {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Bytes a second that it lets through, on each connection. */
  rate = Number.POSITIVE_INFINITY;
  connections = 0;
  /** Bytes that the server sent. */
  sent = 0;
  /** Whatever the command sent. */
  asked = "";

  static async to(port: number): Promise<Wire> {
    const wire = new Wire(port);
    wire.#server.listen(0, "127.0.0.1");
    await once(wire.#server, "listening");
    return wire;
  }

  private constructor(port: number) {
    this.#server = createServer((client) => {
      this.connections += 1;
      const server = connect(port, "127.0.0.1");
      for (const socket of [client, server]) {
        this.#sockets.add(socket);
        socket.on("error", () => undefined).once("close", () => this.#sockets.delete(socket));
      }
      client.on("data", (bytes: Buffer) => (this.asked += bytes.toString("latin1")));
      client.pipe(server);
      // Either end may go away at any moment: the test kills one of them.
      pipeline(server, (pieces: AsyncIterable<Buffer>) => this.#pass(pieces), client).catch(() => undefined);
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  forget(): void {
    Object.assign(this, { connections: 0, sent: 0, asked: "" });
  }

  stop(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  async *#pass(pieces: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
    for await (const piece of pieces) {
      this.sent += piece.length;
      yield piece;
      if (Number.isFinite(this.rate)) await sleep((piece.length * 1000) / this.rate);
    }
  }
}
