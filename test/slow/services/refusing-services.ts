/** A service between a function and the embedded AWS. It refuses, throttles, cuts connections, or has another time. */
import { once } from "node:events";
import { createServer, request as ask, type IncomingMessage, type ServerResponse } from "node:http";
import { loopbackEndpoint } from "../../../local/shared/loopback.ts";

export type Fault = "denies" | "throttles" | "is gone" | "is four minutes behind" | "works";

const BEHIND_MS = 240_000;

const REFUSALS: Partial<Readonly<Record<Fault, string>>> = {
  denies: "AccessDeniedException",
  throttles: "ThrottlingException",
};

export interface FaultyService {
  readonly endpoint: string;
  fault: Fault;
  /** What it stands for, while it works. */
  target: string | undefined;
}

/** It refuses in the way of JSON protocols and in that of S3, whose clients read the code from the body. */
export async function startFaultyService(fault: Fault, end: AsyncDisposableStack): Promise<FaultyService> {
  const server = createServer((incoming, outgoing) => {
    const code = REFUSALS[service.fault];
    if (service.fault === "is gone") incoming.socket.destroy();
    else if (code !== undefined) refuse(incoming, outgoing, code);
    else passOn(service, incoming, outgoing);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  end.defer(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, "close");
  });
  const service: FaultyService = { endpoint: loopbackEndpoint(server), fault, target: undefined };
  return service;
}

function refuse(incoming: IncomingMessage, outgoing: ServerResponse, code: string): void {
  const isJson = incoming.headers["x-amz-target"] !== undefined;
  incoming.resume().on("end", () => {
    outgoing.writeHead(isJson ? 400 : 403, { "content-type": isJson ? "application/x-amz-json-1.0" : "text/xml" });
    outgoing.end(isJson ? JSON.stringify({ __type: code, message: "no" }) : `<Error><Code>${code}</Code></Error>`);
  });
}

function passOn({ target, fault }: FaultyService, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { method, headers, url = "/" } = incoming;
  const date = fault === "is four minutes behind" && new Date(Date.now() - BEHIND_MS).toUTCString();
  const outer = ask(new URL(url, target), { method, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, { ...answer.headers, ...(date && { date }) });
    answer.pipe(outgoing);
  });
  outer.on("error", () => outgoing.destroy());
  incoming.pipe(outer);
}
