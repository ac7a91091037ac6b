import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type EmbeddedService, listen } from "../../local/shared/loopback.ts";

const ETAG = '"v1"';

/**
 * Files whose path says what becomes of a request: `/ok/...` is served, and not again to who has it; `/gone/...` is not
 * there; `/busy/...` sends HEAD and GET away once each, for `busyS` seconds.
 */
export async function startPathsOrigin(bytes: number, busyS: number): Promise<EmbeddedService> {
  const sentAway = new Set<string>();

  const answer = ({ headers, method, url = "/" }: IncomingMessage, response: ServerResponse): void => {
    const visit = `${method} ${url}`;
    if (url.startsWith("/gone/")) return void response.writeHead(404).end();
    if (url.startsWith("/busy/") && !sentAway.has(visit)) {
      sentAway.add(visit);
      return void response.writeHead(429, { "retry-after": String(busyS) }).end();
    }
    if (headers["if-none-match"] === ETAG) return void response.writeHead(304, { etag: ETAG }).end();
    response.writeHead(200, { "content-length": bytes, "content-type": "text/plain", etag: ETAG });
    response.end(method === "HEAD" ? undefined : bodyOf(url, bytes));
  };
  return listen(createServer(answer));
}

/** Other bytes for each path. */
const bodyOf = (url: string, bytes: number): string =>
  createHash("sha256")
    .update(url)
    .digest("hex")
    .repeat(Math.ceil(bytes / 64))
    .slice(0, bytes);
