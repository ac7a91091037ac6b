import { createServer, request } from "node:http";
import { performance } from "node:perf_hooks";
import { listen } from "../../local/shared/loopback.ts";

const FILE_BYTES = 4096;
/** As nginx has it. */
const KEEP_ALIVE_MS = 75_000;

/** What has arrived is read within this time. */
const READ_BY_MS = 5;

/** What a host has seen. Times are in ms, by the origin's own clock. */
export interface Seen {
  /** When each request arrived. */
  readonly arrivedMs: readonly number[];
  readonly mostConnections: number;
  readonly mostRequests: number;
  /** When the host has asked to be left alone. Undefined: it has not. */
  readonly refusedAtMs: number | undefined;
}

export interface Counting {
  /** From the arrival of a request to its answer. */
  readonly delayMs: number;
  /** The first GET is refused with such a Retry-After. 0: none is. */
  readonly restS: number;
}

/** The first requests of a process take it longer, and would seem to arrive late. */
async function warmUp(url: string): Promise<void> {
  for (let n = 0; n < 20; n++) {
    const { promise, resolve } = Promise.withResolvers<void>();
    request(url, { method: "HEAD", agent: false }, (response) => response.once("close", resolve).resume()).end();
    await promise;
  }
}

/** Serves files of 4 KiB, and counts. */
export async function startCountingOrigin({ delayMs, restS }: Counting): Promise<{ url: string; seen: () => Seen }> {
  const arrivedMs: number[] = [];
  const most = { connections: 0, requests: 0 };
  const now = { connections: 0, requests: 0 };
  let refusedAtMs: number | undefined;
  const count = (what: keyof typeof now): (() => void) => {
    now[what] += 1;
    // The end of another may have arrived before, and be read after it.
    setTimeout(() => (most[what] = Math.max(most[what], now[what])), READ_BY_MS);
    return () => void (now[what] -= 1);
  };
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, ({ method, url = "" }, response) => {
    arrivedMs.push(performance.now());
    response.once("close", count("requests"));
    const answer = (): void => {
      if (restS > 0 && method === "GET" && refusedAtMs === undefined) {
        refusedAtMs = performance.now();
        response.writeHead(429, { "retry-after": String(restS) }).end();
        return;
      }
      response.writeHead(200, { "content-length": FILE_BYTES });
      response.end(method === "HEAD" ? undefined : Buffer.alloc(FILE_BYTES, `${url}\n`));
    };
    const later = setTimeout(answer, delayMs);
    response.once("close", () => clearTimeout(later));
  });
  server.on("connection", (socket) => socket.once("close", count("connections")));
  const { endpoint } = await listen(server);
  await warmUp(endpoint);
  arrivedMs.length = 0;
  most.connections = most.requests = 0;
  return {
    url: endpoint,
    seen: () => ({ arrivedMs, mostConnections: most.connections, mostRequests: most.requests, refusedAtMs }),
  };
}
