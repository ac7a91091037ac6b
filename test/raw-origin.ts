import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { loopbackEndpoint } from "../local/shared/loopback.ts";

export interface RawOrigin extends AsyncDisposable {
  /** http://127.0.0.1:<port> */
  readonly url: string;
  readonly connections: () => number;
  /** The heads of the requests, in the order of their arrival. */
  readonly heads: readonly string[];
  /** Sockets that neither side has closed. */
  readonly open: ReadonlySet<Socket>;
}

/** An origin that can violate HTTP: `answer` is given the socket after each request head. */
export async function startRawOrigin(answer: (socket: Socket, head: string) => void): Promise<RawOrigin> {
  const heads: string[] = [];
  const open = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    open.add(socket);
    let received = "";
    socket
      .on("error", () => undefined)
      .on("close", () => open.delete(socket))
      .on("data", (chunk) => {
        received += chunk.toString("latin1");
        for (let end = received.indexOf("\r\n\r\n"); end !== -1; end = received.indexOf("\r\n\r\n")) {
          const head = received.slice(0, end);
          received = received.slice(end + 4);
          heads.push(head);
          answer(socket, head);
        }
      });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: loopbackEndpoint(server),
    connections: () => connections,
    heads,
    open,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}
