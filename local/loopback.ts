import type { Server } from "node:net";

export function loopbackEndpoint(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server is not listening on a TCP port.");
  return `http://127.0.0.1:${address.port}`;
}
