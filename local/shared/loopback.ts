import { once } from "node:events";
import type { Server as HttpServer } from "node:http";
import type { Server } from "node:net";

/** Longer than SDK clients keep idle connections, so that the server never closes one while a request arrives. */
export const KEEP_ALIVE_MS = 600_000;

/** A server on the loopback interface. */
export interface EmbeddedService {
  /** `http://127.0.0.1:<port>` */
  readonly endpoint: string;
  /** Closes open connections too. */
  readonly stop: () => Promise<void>;
}

/** @param port 0 chooses a free port. */
export async function listen(server: HttpServer, port = 0): Promise<EmbeddedService> {
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    endpoint: loopbackEndpoint(server),
    stop: async () => {
      const closed = server[Symbol.asyncDispose]();
      server.closeAllConnections();
      await closed;
    },
  };
}

export function loopbackEndpoint(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server is not listening on a TCP port.");
  return `http://127.0.0.1:${address.port}`;
}
