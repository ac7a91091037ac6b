/** Reads what an answer says. */
import { PermanentError, RetryableError } from "../model/errors.ts";
import type { HttpResponse } from "../ports/http.ts";
import { askedWaitMs } from "./asked-wait.ts";
import { verdictOn } from "./statuses.ts";

/** Headers of firewalls that let a browser solve a puzzle first, whatever the status. */
const CHALLENGES: Readonly<Record<string, RegExp>> = {
  "cf-mitigated": /^challenge$/i,
  "x-amzn-waf-action": /^(challenge|captcha)$/i,
};

const LOWEST_ERROR = 400;

const isChallenge = ({ headers }: HttpResponse): boolean =>
  Object.entries(CHALLENGES).some(([name, value]) => value.test(headers[name]?.trim() ?? ""));

/** The error for an answer that is not the file. Undefined if it may be the file, or a part of it. */
export function refusalError(response: HttpResponse, nowMs: number): PermanentError | RetryableError | undefined {
  if (isChallenge(response)) return new PermanentError("challenge_page", "origin");
  const verdict = verdictOn(response.status);
  return verdict === "whole" || verdict === "part" ? undefined : statusError(response, nowMs);
}

/** An origin that names a time to come back means it, whatever the status of its error is. */
export function statusError(response: HttpResponse, nowMs: number): PermanentError | RetryableError {
  const reason = `http_${response.status}`;
  const retryAfterMs = askedWaitMs(response.headers, nowMs);
  const isAskedBack = response.status >= LOWEST_ERROR && retryAfterMs !== undefined;
  if (verdictOn(response.status) !== "retry" && !isAskedBack) return new PermanentError(reason, "origin");
  return new RetryableError(reason, retryAfterMs === undefined ? {} : { retryAfterMs });
}

const DEFAULT_CONTENT_TYPE = "application/octet-stream";

export const contentTypeOf = (response: HttpResponse): string =>
  response.headers["content-type"]?.trim() || DEFAULT_CONTENT_TYPE;

/** A transfer coding says itself where the body ends (RFC 9112, 6.3). */
export function contentLengthOf(response: HttpResponse): number | undefined {
  if (response.headers["transfer-encoding"] !== undefined) return undefined;
  const header = response.headers["content-length"];
  return header !== undefined && /^\d+$/.test(header) ? Number(header) : undefined;
}

/** The length of the whole file. A part that nobody asked for has one only if it is the whole. */
export function wholeLengthOf(response: HttpResponse): number | undefined {
  if (response.status !== 206) return contentLengthOf(response);
  const range = contentRangeOf(response);
  return range?.start === 0 && range.end === range.totalBytes - 1 ? range.totalBytes : undefined;
}

export interface ContentRange {
  readonly start: number;
  /** The last byte's position. */
  readonly end: number;
  readonly totalBytes: number;
}

/** Parses `bytes 5-9/10`; undefined for anything else, including an unknown total (`*`). */
export function contentRangeOf(response: HttpResponse): ContentRange | undefined {
  const header = response.headers["content-range"];
  const match = header === undefined ? null : /^bytes (\d+)-(\d+)\/(\d+)$/.exec(header.trim());
  return match ? { start: Number(match[1]), end: Number(match[2]), totalBytes: Number(match[3]) } : undefined;
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
