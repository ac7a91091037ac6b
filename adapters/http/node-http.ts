import type http from "node:http";
import { present } from "../../core/model/present.ts";
import { PermanentError, RetryableError } from "../../core/model/errors.ts";
import type { ConnectionPool, Http, HttpRequest, HttpResponse } from "../../core/ports/http.ts";
import { bodyPieces } from "./body-pieces.ts";
import { CheckedLookup, RefusedAddressError } from "./checked-lookup.ts";
import { proxyReason, type Proxies } from "./proxies.ts";
import { readHeaders } from "./read-headers.ts";
import { coded, reasonOf } from "./reasons.ts";
import { Routes, type Route } from "./routes.ts";
import { NotDueError, send, StaleConnectionError, type HttpTimeouts } from "./send.ts";
import { youngGarbage, type YoungGarbage } from "./young-garbage.ts";

/** No origin answers so (RFC 9110, 15.5.8). */
const PROXY_WANTS_CREDENTIALS = 407;

export interface HttpSurroundings {
  readonly garbage?: YoungGarbage;
  /** What to throw for an error that is not the origin's fault; undefined if it is. */
  readonly machineTrouble?: (error: unknown) => Error | undefined;
  readonly names?: CheckedLookup;
  readonly proxies?: Proxies | undefined;
}

export interface ClosableHttp extends Http, ConnectionPool {
  close(): void;
}

/** HTTP/1.1 with Node's own client. ADR 0005 says why no library is used. */
export function nodeHttp(timeouts: HttpTimeouts, surroundings: HttpSurroundings = {}): ClosableHttp {
  const { garbage = youngGarbage(), machineTrouble = () => undefined, names = new CheckedLookup() } = surroundings;
  const { connectTimeoutMs, idleTimeoutMs } = timeouts;
  const routes = new Routes(surroundings.proxies, connectTimeoutMs);
  /** If we stopped the request, our own reason is kept. */
  const translate = (error: unknown, signal: AbortSignal, ofProxy?: string): unknown => {
    if (signal.aborted) return signal.reason;
    if (error instanceof RefusedAddressError) return new PermanentError("private_address", "policy", { cause: error });
    const trouble = machineTrouble(error);
    if (trouble || ofProxy === undefined) return trouble ?? new RetryableError(reasonOf(error), { cause: error });
    return new RetryableError(ofProxy, { cause: error, failureClass: "system" });
  };

  /**
   * An origin may close an idle connection at the moment at which we use it again. That is not the job's fault, so the
   * request is sent once more, on a connection of its own. This is safe because HEAD and GET change nothing.
   */
  const answerTo = async (request: HttpRequest, route: Route): Promise<http.IncomingMessage> => {
    const means = { names, route, timeouts };
    try {
      return await send(request, { ...means, isPooled: true });
    } catch (error) {
      if (!(error instanceof StaleConnectionError)) throw error;
      return send(request, { ...means, isPooled: false });
    }
  };

  return {
    async request(request): Promise<HttpResponse> {
      const { signal, url } = request;
      const route = routes.to(url);
      try {
        const response = await answerTo(request, route);
        // A response that is destroyed before anybody reads it must not become an uncaught error.
        response.on("error", () => undefined);
        if (route.isProxied) refuseRefusal(response);
        return {
          status: present(response.statusCode, "the status of a response"),
          headers: readHeaders(response.headers),
          setCookies: response.headers["set-cookie"] ?? [],
          body: bodyPieces(response, { idleTimeoutMs, garbage, translate: (error) => translate(error, signal) }),
          discard: () => discard(response, request.method),
        };
      } catch (error) {
        if (error instanceof NotDueError) throw error.cause;
        throw translate(error, signal, route.isProxied ? proxyReason(error, url) : undefined);
      }
    },
    closeIdle: async (host) => routes.closeIdle(host),
    close() {
      routes.close();
    },
  };
}

/** @throws Error if the answer is the proxy's own. */
function refuseRefusal(response: http.IncomingMessage): void {
  const { statusCode } = response;
  if (statusCode !== PROXY_WANTS_CREDENTIALS) return;
  response.destroy();
  throw Object.assign(coded("ERR_PROXY_TUNNEL", "The proxy refused."), { statusCode });
}

/** A response without a body keeps its connection. The rest of any other body is not worth reading. */
function discard(response: http.IncomingMessage, method: HttpRequest["method"]): void {
  const isBodiless = method === "HEAD" || response.headers["content-length"] === "0";
  if (isBodiless) response.resume();
  else response.destroy();
}
