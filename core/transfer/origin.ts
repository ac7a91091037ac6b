import { PermanentError, RetryableError } from "../model/errors.ts";
import { isGlobalAddress } from "../model/address.ts";
import type { HttpResponse } from "../ports/http.ts";
import { parseRetryAfterMs } from "./retry-after.ts";
import { urlRefusal } from "../model/url.ts";
import type { TransferDeps, TransferSettings } from "./transfer-deps.ts";

const MOST_REDIRECTS = 10;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** Request Timeout, Too Early and Too Many Requests: the only client errors that may go away by themselves. */
const PASSING_CLIENT_ERRORS = new Set([408, 425, 429]);

export interface OriginRequest {
  readonly method: "HEAD" | "GET";
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

const isSecure = (url: string): boolean => url.startsWith("https:");
const redirectRefusal = (from: string, to: string): string | undefined =>
  isSecure(from) && !isSecure(to) ? "redirect_to_http" : undefined;

/**
 * Asks the origin and follows redirects. Every hop must pass the same policy as the URL itself.
 * @throws PermanentError (policy) for a URL that we refuse, (origin) for too many or invalid redirects; RetryableError
 * when no answer came.
 */
export async function askOrigin(deps: TransferDeps, request: OriginRequest): Promise<HttpResponse> {
  const { allowPrivateHosts } = deps.settings;
  let { url } = request;
  let from = url;
  for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
    const refusal = urlRefusal(url, allowPrivateHosts) ?? redirectRefusal(from, url);
    if (refusal !== undefined) throw new PermanentError(refusal, "policy");
    const response = await deps.http.request({
      method: request.method,
      url,
      // Asks for the bytes as they are: an encoded body would be stored under the hash of its encoding.
      headers: { "accept-encoding": "identity", "user-agent": "fetchonce", ...request.headers },
      signal: request.signal,
      accepts: allowPrivateHosts ? undefined : isGlobalAddress,
    });
    const target = REDIRECTS.has(response.status) ? response.headers["location"] : undefined;
    if (target === undefined) return response;
    response.discard();
    if (!URL.canParse(target, url)) throw new PermanentError("redirect_to_invalid_url", "origin");
    from = url;
    url = new URL(target, url).href;
  }
  throw new PermanentError("too_many_redirects", "origin");
}

/** The error for a response whose status is not a success. */
export function statusError(response: HttpResponse, nowMs: number): PermanentError | RetryableError {
  const reason = `http_${response.status}`;
  if (response.status < 500 && !PASSING_CLIENT_ERRORS.has(response.status)) return new PermanentError(reason, "origin");
  const retryAfterMs = parseRetryAfterMs(response.headers["retry-after"], nowMs);
  return new RetryableError(reason, retryAfterMs === undefined ? {} : { retryAfterMs });
}

const DEFAULT_CONTENT_TYPE = "application/octet-stream";

export const contentTypeOf = (response: HttpResponse): string =>
  response.headers["content-type"]?.trim() || DEFAULT_CONTENT_TYPE;

export function contentLengthOf(response: HttpResponse): number | undefined {
  const header = response.headers["content-length"];
  return header !== undefined && /^\d+$/.test(header) ? Number(header) : undefined;
}

export interface ContentRange {
  readonly start: number;
  readonly totalBytes: number;
}

/** Parses `bytes 5-9/10`; undefined for anything else, including an unknown total (`*`). */
export function contentRangeOf(response: HttpResponse): ContentRange | undefined {
  const header = response.headers["content-range"];
  const match = header === undefined ? null : /^bytes (\d+)-(\d+)\/(\d+)$/.exec(header.trim());
  return match ? { start: Number(match[1]), totalBytes: Number(match[3]) } : undefined;
}

/**
 * The validator of this version of the body, if it is strong enough for If-Range (RFC 9110, 13.1.5): a strong ETag, or
 * a Last-Modified that is at least one second older than the response's Date.
 */
export function strongValidatorOf(response: HttpResponse): string | undefined {
  const etag = response.headers["etag"]?.trim();
  if (etag !== undefined) return /^"[^"]*"$/.test(etag) ? etag : undefined;
  const lastModified = response.headers["last-modified"]?.trim();
  if (lastModified === undefined) return undefined;
  const { date } = response.headers;
  const isSettled = date !== undefined && Date.parse(date) - Date.parse(lastModified) >= 1000;
  return isSettled ? lastModified : undefined;
}

/** @throws PermanentError (policy) when the body is too large or its type is not allowed. */
export function refuseUnwanted(settings: TransferSettings, contentType: string, totalBytes: number | undefined): void {
  if (totalBytes !== undefined && totalBytes > settings.maxBodyBytes) throw new PermanentError("too_large", "policy");
  const mediaType = contentType.replace(/;.*$/s, "").trim().toLowerCase();
  const allowed = settings.allowedContentTypes;
  const isAllowed = allowed.some((entry) =>
    entry.endsWith("/*") ? mediaType.startsWith(entry.slice(0, -1)) : mediaType === entry,
  );
  if (allowed.length > 0 && !isAllowed) throw new PermanentError(`type_not_allowed:${mediaType}`, "policy");
}
