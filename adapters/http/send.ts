import type http from "node:http";
import type { Socket } from "node:net";
import type { HttpRequest } from "../../core/ports/http.ts";
import type { CheckedLookup } from "./checked-lookup.ts";
import { coded, connectTimeOut, isBrokenConnection, isParseError, timeOut } from "./reasons.ts";
import type { Route } from "./routes.ts";

// `import "node:http"` also loads Node's fetch, WebSocket and all: 35 ms of CPU at each start of a process, here 2 ms.
const { request: requestPlain } = process.getBuiltinModule("node:http");
const { request: requestSecure } = process.getBuiltinModule("node:https");

export interface HttpTimeouts {
  readonly connectTimeoutMs: number;
  /** The longest time until the whole head of an answer is there, and the longest silence within a body. */
  readonly idleTimeoutMs: number;
}

export interface Means {
  readonly names: CheckedLookup;
  readonly route: Route;
  readonly timeouts: HttpTimeouts;
  /** Whether the request may go over a connection that was used before. */
  readonly isPooled: boolean;
}

/** As much as browsers read of the head of an answer. In bytes. */
const MOST_HEAD_BYTES = 256 * 1024;

const anyAddress = (): boolean => true;

/** `whenDue` rejected. Its error is the cause. */
export class NotDueError extends Error {
  override readonly name = "NotDueError";
}

/** A connection from the pool broke before the first byte of an answer. */
export class StaleConnectionError extends Error {
  override readonly name = "StaleConnectionError";
}

/**
 * Sends one request. The answer's body is still to be read.
 * @throws StaleConnectionError only if `isPooled`; NotDueError.
 */
export async function send(asked: HttpRequest, means: Means): Promise<http.IncomingMessage> {
  const request = requestOf(asked, means);
  const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
  const silence = limitSilence(request, asked.headTimeoutMs ?? means.timeouts.idleTimeoutMs);
  whileConnecting(request, (socket) => {
    limitConnecting(request, socket, means.timeouts.connectTimeoutMs);
    socket.once("connect", () => {
      silence.restart();
      noteLiving(socket, new URL(asked.url).hostname, means.names);
    });
  });
  const isStale = stalenessOf(request);
  if (means.route.isProxied) rejectOnAbort(request, asked.signal, reject);
  let isSettled = false;
  let isWaiting = false;
  let answer: http.IncomingMessage | undefined;
  request
    .once("response", (response) => {
      isSettled = true;
      answer = response;
      resolve(response);
    })
    .once("error", (error) => {
      isSettled = true;
      // Then `whenDue` says what comes of it.
      if (isWaiting && asked.signal.aborted) return;
      // Node takes a body without a length for whole when its connection breaks.
      if (answer?.complete === false && !isParseError(error)) answer.destroy(error);
      reject(isStale(error) ? new StaleConnectionError("", { cause: error }) : error);
    })
    .once("close", () => {
      // Every request is closed in the end. An error costs its stack, so it is made only if it is needed.
      if (isSettled) return;
      // Closed without an error or a response: the origin switched to a protocol that we did not ask for.
      reject(coded("ECONNRESET", "The origin closed the request without an answer."));
    });
  const { whenDue } = asked;
  if (!whenDue) {
    request.end();
    return promise;
  }
  const endWhenDue = async (): Promise<void> => {
    silence.stop();
    isWaiting = true;
    try {
      await whenDue();
    } catch (error) {
      reject(new NotDueError("", { cause: error }));
      request.destroy();
      return;
    }
    isWaiting = false;
    // A connection that broke meanwhile has said so.
    if (request.destroyed) return;
    silence.restart();
    request.end();
  };
  onceConnected(request, () => void endWhenDue());
  return promise;
}

function requestOf(
  { method, url, headers, signal, accepts = anyAddress }: HttpRequest,
  { names, route, isPooled }: Means,
): http.ClientRequest {
  const request = (url.startsWith("http:") ? requestPlain : requestSecure)(url, {
    method,
    // Node would leave out the mark of an empty query.
    path: pathOf(url),
    headers,
    signal,
    agent: route.agent(isPooled),
    lookup: names.accepting(accepts),
    maxHeaderSize: MOST_HEAD_BYTES,
    // Reads bare line feeds and folded headers, as curl, wget and browsers do.
    insecureHTTPParser: true,
  });
  // Node would drop all headers after the 2,000th without a word.
  request.maxHeadersCount = 0;
  return request;
}

function pathOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("//") + 2);
  return start === -1 ? "/" : url.slice(start);
}

/** Not a timeout of the socket: each byte of a head, and each informational answer, would restart it. */
function limitSilence(request: http.ClientRequest, timeoutMs: number): Silence {
  const start = (): NodeJS.Timeout => setTimeout(() => request.destroy(timeOut()), timeoutMs);
  let silence = start();
  const stop = (): void => clearTimeout(silence);
  request.once("response", stop).once("error", stop).once("close", stop);
  const restart = (): void => {
    stop();
    silence = start();
  };
  return { stop, restart };
}

interface Silence {
  stop(): void;
  restart(): void;
}

/** What a TLS socket of Node's has besides. The second one is not documented: without it, a tunnel waits too short. */
interface Handshake {
  readonly encrypted: boolean;
  readonly secureConnecting: boolean;
}

/** When the first byte of the request would be sent at once: the handshake of TLS is over as well. */
function onceConnected(request: http.ClientRequest, go: () => void): void {
  request.once("socket", (socket) => {
    const { connecting, encrypted, secureConnecting } = socket as Socket & Partial<Handshake>;
    if (connecting || secureConnecting === true) socket.once(encrypted === true ? "secureConnect" : "connect", go);
    else go();
  });
}

/** Not for a connection that is used again: its listeners would stay. */
function whileConnecting(request: http.ClientRequest, watch: (socket: Socket) => void): void {
  request.once("socket", (socket) => {
    if (socket.connecting) watch(socket);
  });
}

function limitConnecting(request: http.ClientRequest, socket: Socket, timeoutMs: number): void {
  const connecting = setTimeout(() => request.destroy(connectTimeOut()), timeoutMs);
  const stop = (): void => clearTimeout(connecting);
  socket.once("connect", stop).once("close", stop);
}

/** Later connections do not wait for an address that does not answer. */
function noteLiving(socket: Socket, hostname: string, names: CheckedLookup): void {
  const isFirst = (socket.autoSelectFamilyAttemptedAddresses ?? []).length <= 1;
  if (!isFirst && socket.remoteAddress !== undefined) names.answered(hostname, socket.remoteAddress);
}

/** Tells whether an error means that a connection from the pool had been closed before the request came. */
function stalenessOf(request: http.ClientRequest): (error: Error) => boolean {
  let bytesBefore = 0;
  request.once("socket", (socket) => {
    bytesBefore = socket.bytesRead;
  });
  return (error) => request.reusedSocket && request.socket?.bytesRead === bytesBefore && isBrokenConnection(error);
}

/** A request that waits for a proxy to connect does not tell that it was destroyed. */
function rejectOnAbort(request: http.ClientRequest, signal: AbortSignal, reject: (error: Error) => void): void {
  const onAbort = (): void => reject(coded("ABORT_ERR", "The request was stopped."));
  signal.addEventListener("abort", onAbort, { once: true });
  request.once("close", () => signal.removeEventListener("abort", onAbort));
}
