/** What an origin says of when to come back. Everything that is not exactly in form counts as not said. */
import { isInnerList, parseList } from "structured-headers";

type Headers = Readonly<Record<string, string>>;

const WHOLE = /^\d+$/;
/** The three forms of an HTTP date (RFC 9110, 5.6.7). The last one names no zone, and means UTC. */
const DATE =
  /^(?:[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT|[A-Z][a-z]+day, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT|[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4})$/;
/** Later seconds since 1970 than this are the time of the reset itself, not how long it takes: 2001. */
const LEAST_EPOCH_S = 1_000_000_000;
/** Later than this they are milliseconds. */
const LEAST_EPOCH_MS = LEAST_EPOCH_S * 1000;

const secondsOf = (text: string | undefined): number | undefined =>
  text !== undefined && WHOLE.test(text.trim()) ? Number(text) : undefined;

function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  const seconds = secondsOf(header);
  if (seconds !== undefined) return seconds * 1000;
  const text = header?.trim() ?? "";
  if (!DATE.test(text)) return undefined;
  return Date.parse(text.endsWith("GMT") ? text : `${text} GMT`) - nowMs;
}

/** `"default";r=0;t=30`: the policies of which nothing remains, and in how many seconds they are reset. */
function policyResetMs(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  try {
    const resets = parseList(header).flatMap((policy) => {
      const [remaining, reset] = isInnerList(policy) ? [] : [policy[1].get("r"), policy[1].get("t")];
      return remaining === 0 && typeof reset === "number" ? [reset * 1000] : [];
    });
    return resets.length > 0 ? Math.max(...resets) : undefined;
  } catch {
    return undefined;
  }
}

/** `limit=100, remaining=0, reset=50`, as earlier drafts of RateLimit had it. */
const draftField = (header: string | undefined, name: string): string | undefined =>
  header === undefined ? undefined : new RegExp(`(?:^|[,;]\\s*)${name}\\s*=\\s*(\\d+)`, "i").exec(header)?.[1];

const LIMIT_HEADERS = ["ratelimit", "x-ratelimit", "x-rate-limit"];

/** How long until more is allowed, by headers that say that nothing remains. Undefined: something does. */
export function rateLimitMs(headers: Headers, nowMs: number): number | undefined {
  const draft = headers["ratelimit"];
  const pairs = LIMIT_HEADERS.map((name) => [headers[`${name}-remaining`], headers[`${name}-reset`]]);
  pairs.push([draftField(draft, "remaining"), draftField(draft, "reset")]);
  const waits = pairs.flatMap(([remaining, reset]) => {
    const seconds = secondsOf(reset);
    if (secondsOf(remaining) !== 0 || seconds === undefined) return [];
    if (seconds >= LEAST_EPOCH_MS) return [seconds - nowMs];
    return [seconds >= LEAST_EPOCH_S ? seconds * 1000 - nowMs : seconds * 1000];
  });
  return waits.length > 0 ? Math.max(...waits) : policyResetMs(draft);
}

/**
 * How long the origin asks to wait, in milliseconds: by Retry-After (RFC 9110, 10.2.3), or by rate-limit headers that
 * say that nothing remains. Undefined if it asks for no time, or for one that has passed.
 */
export function askedWaitMs(headers: Headers, nowMs: number): number | undefined {
  const waitMs = retryAfterMs(headers["retry-after"], nowMs) ?? rateLimitMs(headers, nowMs);
  return waitMs !== undefined && waitMs > 0 ? waitMs : undefined;
}
