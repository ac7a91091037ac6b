import { Agent, errors, request as undiciRequest } from "undici";
import { RetryableError } from "../core/errors.ts";
import type { Http, HttpResponse } from "../core/ports.ts";

export interface HttpTimeouts {
  readonly connectTimeoutMs: number;
  /** Longest silence: before the headers, and between two pieces of the body. */
  readonly idleTimeoutMs: number;
}

/** undici's codes and Node's, under reasons that stay the same whatever the client is. */
const REASONS: Readonly<Record<string, string>> = {
  UND_ERR_CONNECT_TIMEOUT: "origin_timeout",
  UND_ERR_HEADERS_TIMEOUT: "origin_timeout",
  UND_ERR_BODY_TIMEOUT: "origin_timeout",
  UND_ERR_SOCKET: "origin_connection_lost",
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: "torn_body",
  ECONNRESET: "origin_connection_lost",
  EPIPE: "origin_connection_lost",
  ECONNREFUSED: "origin_refused_connection",
  ENOTFOUND: "origin_name_not_found",
  EAI_AGAIN: "origin_name_not_found",
  EHOSTUNREACH: "origin_unreachable",
  ENETUNREACH: "origin_unreachable",
};

function reasonOf(error: unknown): string {
  if (error instanceof errors.HTTPParserError) return "origin_speaks_no_http";
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return REASONS[code] ?? `origin_error:${code || "unknown"}`;
}

/** Our own reasons for stopping stay what they are; everything else is the origin's trouble. */
function translate(error: unknown, signal: AbortSignal): unknown {
  return signal.aborted ? signal.reason : new RetryableError(reasonOf(error), { cause: error });
}

const firstOf = (value: string | string[] | undefined): string =>
  Array.isArray(value) ? (value[0] ?? "") : (value ?? "");

export interface ClosableHttp extends Http {
  close(): Promise<void>;
}

export function undiciHttp({ connectTimeoutMs, idleTimeoutMs }: HttpTimeouts): ClosableHttp {
  const dispatcher = new Agent({
    connect: { timeout: connectTimeoutMs },
    headersTimeout: idleTimeoutMs,
    bodyTimeout: idleTimeoutMs,
  });
  return {
    async request({ method, url, headers, signal }): Promise<HttpResponse> {
      try {
        const response = await undiciRequest(url, { method, headers, signal, dispatcher });
        return {
          status: response.statusCode,
          headers: Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, firstOf(value)])),
          body: translated(response.body, signal),
          discard: () => void response.body.dump({ limit: 0 }).catch(() => undefined),
        };
      } catch (error) {
        throw translate(error, signal);
      }
    },
    close: async () => dispatcher.destroy(),
  };
}

async function* translated(body: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncIterable<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw translate(error, signal);
  }
}
