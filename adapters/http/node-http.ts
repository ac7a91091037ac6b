import { present } from "../../core/model/present.ts";
import type http from "node:http";
import { PermanentError, RetryableError } from "../../core/model/errors.ts";
import type { Http, HttpRequest, HttpResponse } from "../../core/ports/http.ts";
import { CheckedLookup, RefusedAddressError } from "./checked-lookup.ts";
import { proxyReason, type Proxies } from "./proxies.ts";
import { Routes } from "./routes.ts";
import { youngGarbage, type YoungGarbage } from "./young-garbage.ts";

// `import "node:http"` also loads Node's fetch, WebSocket and all: 35 ms of CPU at each start of a process, here 2 ms.
const { request: requestPlain } = process.getBuiltinModule("node:http");
const { request: requestSecure } = process.getBuiltinModule("node:https");

export interface HttpTimeouts {
  readonly connectTimeoutMs: number;
  /** The longest time until the whole head of an answer is there, and the longest silence within a body. */
  readonly idleTimeoutMs: number;
}

/** As much as browsers read of the head of an answer. In bytes. */
const MOST_HEAD_BYTES = 256 * 1024;

/** No origin answers so (RFC 9110, 15.5.8). */
const PROXY_WANTS_CREDENTIALS = 407;

/** Maps Node's error codes to reasons that do not depend on the HTTP client. */
const REASONS: Readonly<Record<string, string>> = {
  ETIMEDOUT: "origin_timeout",
  EORIGINCONNECT: "origin_connect_timeout",
  HPE_HEADER_OVERFLOW: "headers_too_large",
  ECONNRESET: "origin_connection_lost",
  EPIPE: "origin_connection_lost",
  ECONNREFUSED: "origin_refused_connection",
  ENOTFOUND: "origin_name_not_found",
  EAI_AGAIN: "origin_name_not_found",
  EHOSTUNREACH: "origin_unreachable",
  ENETUNREACH: "origin_unreachable",
};

const codeOf = (error: unknown): string => (error instanceof Error && "code" in error ? String(error.code) : "unknown");
/** Of Node's HTTP parser. */
const isParseError = (error: unknown): boolean => codeOf(error).startsWith("HPE_");
/** TLS has a number and no code for a server that refuses HTTP/1.1: no_application_protocol (RFC 7301, 3.2). */
const isOtherProtocol = (error: unknown): boolean =>
  error instanceof Error && error.message.includes("SSL alert number 120");

function reasonOf(error: unknown): string {
  const code = codeOf(error);
  if (isOtherProtocol(error)) return "origin_speaks_no_http";
  return REASONS[code] ?? (isParseError(error) ? "origin_speaks_no_http" : `origin_error:${code}`);
}

export interface HttpSurroundings {
  readonly garbage?: YoungGarbage;
  /** What to throw for an error that is not the origin's fault; undefined if it is. */
  readonly machineTrouble?: (error: unknown) => Error | undefined;
  readonly names?: CheckedLookup;
  readonly proxies?: Proxies | undefined;
}

const anyAddress = (): boolean => true;

const coded = (code: string, message: string): Error => Object.assign(new Error(message), { code });

const timeOut = (): Error => coded("ETIMEDOUT", "The origin was silent for too long.");
const connectTimeOut = (): Error => coded("EORIGINCONNECT", "The origin took too long to accept a connection.");

/** A connection from the pool broke before the first byte of an answer. */
class StaleConnectionError extends Error {
  override readonly name = "StaleConnectionError";
}

const isBrokenConnection = (error: Error): boolean => ["ECONNRESET", "EPIPE"].includes(codeOf(error));

export interface ClosableHttp extends Http {
  close(): void;
}

/** HTTP/1.1 with Node's own client. ADR 0005 says why no library is used. */
export function nodeHttp(
  { connectTimeoutMs, idleTimeoutMs }: HttpTimeouts,
  surroundings: HttpSurroundings = {},
): ClosableHttp {
  const { garbage = youngGarbage(), machineTrouble = () => undefined, names = new CheckedLookup() } = surroundings;
  const routes = new Routes(surroundings.proxies, connectTimeoutMs);
  /** If we stopped the request, our own reason is kept. */
  const translate = (error: unknown, signal: AbortSignal, ofProxy?: string): unknown => {
    if (signal.aborted) return signal.reason;
    if (error instanceof RefusedAddressError) return new PermanentError("private_address", "policy", { cause: error });
    const trouble = machineTrouble(error);
    if (trouble || ofProxy === undefined) return trouble ?? new RetryableError(reasonOf(error), { cause: error });
    return new RetryableError(ofProxy, { cause: error, failureClass: "system" });
  };

  /** @throws StaleConnectionError only if `isPooled`. */
  const send = async (
    { method, url, headers, signal, headTimeoutMs = idleTimeoutMs, accepts = anyAddress }: HttpRequest,
    { isPooled }: { readonly isPooled: boolean },
  ): Promise<http.IncomingMessage> =>
    new Promise((resolve, reject) => {
      const isPlain = url.startsWith("http:");
      const route = routes.to(url);
      const request = (isPlain ? requestPlain : requestSecure)(url, {
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
      if (route.isProxied) {
        // A request that waits for a proxy to connect does not tell that it was destroyed.
        const onAbort = () => reject(coded("ABORT_ERR", "The request was stopped."));
        signal.addEventListener("abort", onAbort, { once: true });
        request.once("close", () => signal.removeEventListener("abort", onAbort));
      }
      // Node would drop all headers after the 2,000th without a word.
      request.maxHeadersCount = 0;
      // Not a timeout of the socket: each byte of a head, and each informational answer, would restart it.
      const silence = setTimeout(() => request.destroy(timeOut()), headTimeoutMs);
      let bytesBefore = 0;
      request.on("socket", (socket) => {
        bytesBefore = socket.bytesRead;
        if (!socket.connecting) return;
        const connecting = setTimeout(() => request.destroy(connectTimeOut()), connectTimeoutMs);
        socket.once("connect", () => silence.refresh());
        const stop = () => clearTimeout(connecting);
        socket.once("connect", stop).once("close", stop);
      });
      let isSettled = false;
      let answer: http.IncomingMessage | undefined;
      request
        .once("response", (response) => {
          isSettled = true;
          answer = response;
          clearTimeout(silence);
          resolve(response);
        })
        .once("error", (error) => {
          isSettled = true;
          clearTimeout(silence);
          // Node takes a body without a length for whole when its connection breaks.
          if (answer?.complete === false && !isParseError(error)) answer.destroy(error);
          const isStale =
            request.reusedSocket && request.socket?.bytesRead === bytesBefore && isBrokenConnection(error);
          reject(isStale ? new StaleConnectionError("", { cause: error }) : error);
        })
        .once("close", () => {
          clearTimeout(silence);
          // Every request is closed in the end. An error costs its stack, so it is made only if it is needed.
          if (isSettled) return;
          // Closed without an error or a response: the origin switched to a protocol that we did not ask for.
          reject(coded("ECONNRESET", "The origin closed the request without an answer."));
        })
        .end();
    });

  /**
   * An origin may close an idle connection at the moment at which we use it again. That is not the job's fault, so the
   * request is sent once more, on a connection of its own. This is safe because HEAD and GET change nothing.
   */
  const answerTo = async (request: HttpRequest): Promise<http.IncomingMessage> => {
    try {
      return await send(request, { isPooled: true });
    } catch (error) {
      if (!(error instanceof StaleConnectionError)) throw error;
      return send(request, { isPooled: false });
    }
  };

  return {
    async request(request): Promise<HttpResponse> {
      const { signal, url } = request;
      const route = routes.to(url);
      try {
        const response = await answerTo(request);
        // A response that is destroyed before anybody reads it must not become an uncaught error.
        response.on("error", () => undefined);
        if (route.isProxied && response.statusCode === PROXY_WANTS_CREDENTIALS) {
          response.destroy();
          throw Object.assign(coded("ERR_PROXY_TUNNEL", "The proxy refused."), { statusCode: response.statusCode });
        }
        return {
          status: present(response.statusCode, "the status of a response"),
          headers: Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, read(value)])),
          setCookies: response.headers["set-cookie"] ?? [],
          body: piecesOf(response, { idleTimeoutMs, garbage, translate: (error) => translate(error, signal) }),
          discard: () => discard(response, request.method),
        };
      } catch (error) {
        throw translate(error, signal, route.isProxied ? proxyReason(error, url) : undefined);
      }
    },
    close() {
      routes.close();
    },
  };
}

function pathOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("//") + 2);
  return start === -1 ? "/" : url.slice(start);
}

const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** Node gives the bytes of a header as Latin-1. Many origins mean UTF-8. */
function read(value: string | readonly string[] | undefined): string {
  const text = String(value);
  if (!/[\x80-\xff]/.test(text)) return text;
  try {
    return UTF8.decode(Buffer.from(text, "latin1"));
  } catch {
    return text;
  }
}

/** A response without a body keeps its connection. The rest of any other body is not worth reading. */
function discard(response: http.IncomingMessage, method: HttpRequest["method"]): void {
  const isBodiless = method === "HEAD" || response.headers["content-length"] === "0";
  if (isBodiless) response.resume();
  else response.destroy();
}

interface Reading {
  readonly garbage: YoungGarbage;
  readonly idleTimeoutMs: number;
  readonly translate: (error: unknown) => unknown;
}

/** The timeout runs only while we wait for the origin: a reader that pauses is not the origin's fault. */
async function* piecesOf(
  response: http.IncomingMessage,
  { garbage, idleTimeoutMs, translate }: Reading,
): AsyncIterable<Uint8Array> {
  let isWaiting = true;
  const silence = setTimeout(() => isWaiting && response.destroy(timeOut()), idleTimeoutMs);
  try {
    for await (const piece of response as AsyncIterable<Uint8Array>) {
      isWaiting = false;
      yield piece;
      garbage.received(piece.length);
      isWaiting = true;
      silence.refresh();
    }
  } catch (error) {
    throw translate(error);
  } finally {
    clearTimeout(silence);
  }
}
