import type { Server } from "node:net";

/** Longer than SDK clients keep an idle connection, so that it is never the server that closes it under a request. */
export const KEEP_ALIVE_MS = 600_000;

export function loopbackEndpoint(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server is not listening on a TCP port.");
  return `http://127.0.0.1:${address.port}`;
}
