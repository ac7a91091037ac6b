import { once } from "node:events";
import { createServer } from "node:http";
import type { OriginFile } from "../../../local/origin/file.ts";
import type { Origin } from "../../../local/origin/server.ts";
import { loopbackEndpoint } from "../../../local/shared/loopback.ts";

export interface LateFiles {
  has(file: OriginFile): boolean;
  urlOf(file: OriginFile): string;
  appear(file: OriginFile): void;
  stop(): void;
}

/** A server that answers 404 for each file until it appears, and then redirects to the file on the origin. */
export async function startLateFiles(files: readonly OriginFile[], origin: Origin): Promise<LateFiles> {
  const hidden = new Set(files);
  const server = createServer(({ url }, response) => {
    const file = files.find(({ name }) => url === `/${name}`);
    if (!file || hidden.has(file)) response.writeHead(404).end();
    else response.writeHead(302, { location: origin.urlOf(file) }).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const endpoint = loopbackEndpoint(server);
  return {
    has: (file) => files.includes(file),
    urlOf: ({ name }) => `${endpoint}/${name}`,
    appear: (file) => void hidden.delete(file),
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
