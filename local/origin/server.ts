import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { listen } from "../shared/loopback.ts";
import { answer, type OriginRequest, type Visits } from "./answer.ts";
import { originFileAt, originPath, type OriginFile } from "./file.ts";

export interface Origin {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** Every request so far, in order of arrival. */
  readonly requests: readonly OriginRequest[];
  urlOf(file: OriginFile): string;
  /** Requests for the file itself, without redirects that lead to it. */
  requestsOf(file: OriginFile): readonly OriginRequest[];
  /** Stops the server and closes all open connections. */
  stop(): Promise<void>;
}

/** Starts an HTTP server of deterministic files with the faults of real origins, on a free port of 127.0.0.1. */
export async function startOrigin(): Promise<Origin> {
  const requests: OriginRequest[] = [];
  const visitsByPath = new Map<string, Visits>();

  const server = createServer((request, response) => {
    void respond(request, response, requests, visitsByPath);
  });
  const { endpoint: url, stop } = await listen(server);

  return {
    url,
    requests,
    urlOf: (file) => url + originPath(file),
    requestsOf: (file) => {
      const path = originPath(file.redirects === undefined ? file : { ...file, redirects: 0 });
      return requests.filter((request) => request.path === path);
    },
    stop,
  };
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  requests: OriginRequest[],
  visitsByPath: Map<string, Visits>,
): Promise<void> {
  const { method = "GET", url: path = "/", headers } = request;
  const ifRange = headers["if-range"];
  const log: OriginRequest = {
    method,
    path,
    ...(headers.range !== undefined && { range: headers.range }),
    ...(ifRange !== undefined && { ifRange: String(ifRange) }),
    status: 0,
    bytes: 0,
  };
  requests.push(log);

  const file = originFileAt(path);
  if (typeof file === "string") return refuse(response, log, 400, file);
  if (method !== "GET" && method !== "HEAD") return refuse(response, log, 405, "Only GET and HEAD are answered");
  const visits = visitsByPath.get(path) ?? { HEAD: 0, GET: 0 };
  visitsByPath.set(path, visits);
  const before = { ...visits };
  visits[method] += 1;

  const connection = new AbortController();
  response.once("close", () => connection.abort());
  try {
    await answer({ file, method, visits: before, response, log, gone: connection.signal });
  } catch (error) {
    if (!connection.signal.aborted) response.destroy(error instanceof Error ? error : undefined);
  }
}

function refuse(response: ServerResponse, log: OriginRequest, status: number, why: string): void {
  log.status = status;
  response.writeHead(status, { "content-type": "text/plain" }).end(why);
}
