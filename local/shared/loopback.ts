import type { Server } from "node:net";

/** Longer than SDK clients keep idle connections, so that the server never closes one while a request arrives. */
export const KEEP_ALIVE_MS = 600_000;

export function loopbackEndpoint(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server is not listening on a TCP port.");
  return `http://127.0.0.1:${address.port}`;
}
