/** What answers, and their absence, say of a host. */
import { RetryableError } from "../model/errors.ts";
import { askedWaitMs, rateLimitMs } from "../origin/asked-wait.ts";
import { verdictOn } from "../origin/statuses.ts";
import type { HttpResponse } from "../ports/http.ts";
import type { Report } from "./host-plan.ts";

const TOO_MANY_REQUESTS = new Set([420, 429]);
const UNAVAILABLE = 503;
const LOWEST_ERROR_OF_SERVER = 500;
/** Who may be asked for again only then: the whole host. Other statuses speak of one file. */
const isOfHost = (status: number): boolean => TOO_MANY_REQUESTS.has(status) || status === UNAVAILABLE;

const NO_ANSWER = new Set([
  "origin_refused_connection",
  "origin_name_not_found",
  "origin_unreachable",
  "origin_connect_timeout",
  "origin_timeout",
]);

/** @param longestWaitMs the longest that a host is left alone because it asks for it. */
export function reportsOn(
  { headers, status }: Pick<HttpResponse, "headers" | "status">,
  askedAtMs: number,
  nowMs: number,
  longestWaitMs: number,
): readonly Report[] {
  const waitMs = isOfHost(status) ? askedWaitMs(headers, nowMs) : usedUpMs({ headers, status }, nowMs);
  const isRest = waitMs !== undefined && waitMs > 0;
  const rest: readonly Report[] = isRest ? [{ kind: "rest", untilMs: nowMs + Math.min(waitMs, longestWaitMs) }] : [];
  if (TOO_MANY_REQUESTS.has(status) || (status === UNAVAILABLE && isRest))
    return [{ kind: "busy", askedAtMs }, ...rest];
  const hasFailed = status >= LOWEST_ERROR_OF_SERVER && verdictOn(status) === "retry";
  return [hasFailed ? { kind: "failed", askedAtMs } : { kind: "well" }, ...rest];
}

/** Retry-After of a success means nothing (RFC 9110, 10.2.3). */
const usedUpMs = ({ headers, status }: Pick<HttpResponse, "headers" | "status">, nowMs: number): number | undefined =>
  verdictOn(status) === "whole" ? rateLimitMs(headers, nowMs) : undefined;

export const reportOnError = (error: unknown, askedAtMs: number): Report | undefined =>
  error instanceof RetryableError && NO_ANSWER.has(error.reason) ? { kind: "failed", askedAtMs } : undefined;
