import { createServer, type ServerResponse } from "node:http";
import { listen } from "../../local/shared/loopback.ts";

const FILE_BYTES = 4096;
const LARGE_BYTES = 1024 * 1024;
const DRIBBLE_EVERY_MS = 1000;

/** What a URL of the origin does, and the reason with which it fails. */
export const SICKNESSES = {
  dribbles: "origin_too_slow",
  stalls: "origin_timeout",
  "stalls-late": "origin_timeout",
  silent: "origin_timeout",
  throttles: "http_429",
} as const;
export type Sickness = keyof typeof SICKNESSES;

export interface MixedOrigin {
  readonly url: string;
  /** `/<kind>/<name>` of each request, in the order of arrival. */
  readonly paths: readonly string[];
  stop(): Promise<void>;
}

/**
 * Serves files of 4 KiB, and `/stalls-late/` ones of 1 MiB: what lies below `/healthy/` well, and the rest as the first
 * folder of the path says.
 */
export async function startMixedOrigin(delayMs: number): Promise<MixedOrigin> {
  const paths: string[] = [];
  const server = createServer(({ method, url = "" }, response) => {
    paths.push(url);
    const [, kind = ""] = url.split("/");
    const body = Buffer.alloc(kind === "stalls-late" ? LARGE_BYTES : FILE_BYTES, `${url}\n`);
    const later = setTimeout(() => answer(kind, method === "HEAD", body, response), delayMs);
    response.once("close", () => clearTimeout(later));
  });
  const { endpoint, stop } = await listen(server);
  return { url: endpoint, paths, stop };
}

function answer(kind: string, isHead: boolean, body: Buffer, response: ServerResponse): void {
  if (kind === "silent") return;
  if (kind === "throttles") {
    response.writeHead(429).end();
    return;
  }
  response.writeHead(200, { "content-length": body.length });
  if (isHead || kind === "healthy") response.end(isHead ? undefined : body);
  else if (kind.startsWith("stalls")) response.write(body.subarray(0, body.length / 2));
  else dribble(body, response);
}

function dribble(body: Buffer, response: ServerResponse): void {
  let sent = 0;
  const dribbling = setInterval(() => response.write(body.subarray(sent, (sent += 1))), DRIBBLE_EVERY_MS);
  response.flushHeaders();
  response.once("close", () => clearInterval(dribbling));
}
