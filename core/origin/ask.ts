import { PermanentError } from "../model/errors.ts";
import type { HttpRequest, HttpResponse } from "../ports/http.ts";
import { ChainCookies } from "./cookies.ts";
import type { RobotsDeps } from "./robots/fetch-robots.ts";
import type { OriginDeps, RequestHeaders } from "./origin-deps.ts";
import { acceptedAddresses, matchesHost, refusalOf, type Reach } from "./reach.ts";
import { verdictOn } from "./statuses.ts";

export interface OriginRequest extends Pick<HttpRequest, "method" | "signal" | "headTimeoutMs"> {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent to the origin of the URL alone, and dropped when a redirect leads to another one. Names are in lower case. */
  readonly ownHeaders?: Readonly<Record<string, string>> | undefined;
  /** It is spared if robots.txt shows that requests to the host are precious. */
  readonly onlyInforms?: boolean;
  /** The origin answers with a redirect. */
  readonly onRedirect?: () => void;
}

export interface OriginAnswer {
  readonly response: HttpResponse;
  /** The URL that answered, after all redirects. */
  readonly url: string;
}

/**
 * Asks the origin and follows redirects. Every hop must pass the same policy as the URL itself, and the robots.txt of
 * its host if the settings say so.
 * @throws PermanentError (policy) for a URL that we refuse, (origin) for redirects that lead nowhere; RetryableError
 * when no answer came.
 */
export async function askOrigin(deps: OriginDeps, request: OriginRequest): Promise<OriginAnswer> {
  return follow(deps, request, async (url) => {
    if (!deps.settings.obeysRobots) return;
    const delayMs = await deps.robots.admit(robotsDeps(deps), url, request.signal);
    if (delayMs !== undefined) await deps.visit.keepsApart(url, delayMs);
    if (request.onlyInforms === true && deps.visit.isPrecious(url.href)) throw new PermanentError("spared", "origin");
  });
}

const robotsDeps = (deps: OriginDeps): RobotsDeps => ({
  clock: deps.clock,
  decoder: deps.decoder,
  ask: async (url, signal) => {
    const { headTimeoutMs } = deps.settings;
    const { response } = await follow(deps, { method: "GET", url, signal, headTimeoutMs }, async () => undefined);
    return response;
  },
});

/** @param admit is called before each request. */
async function follow(
  deps: OriginDeps,
  request: OriginRequest,
  admit: (url: URL) => Promise<void>,
): Promise<OriginAnswer> {
  const { mostRedirects, reach, requestHeaders } = deps.settings;
  const cookies = new ChainCookies();
  const asked = new Set<string>();
  let url = withoutFragment(new URL(request.url));
  refuse(url, reach);
  const { origin } = url;
  for (let hop = 0; hop <= mostRedirects; hop++) {
    const cookie = cookies.headerFor(url);
    const visit = `${url.href} ${cookie ?? ""}`;
    if (asked.has(visit)) throw new PermanentError("redirect_loop", "origin");
    asked.add(visit);
    await admit(url);
    const response = await send(deps, url, {
      method: request.method,
      headers: {
        ...headersFor(url, requestHeaders),
        ...(url.origin === origin && request.ownHeaders),
        ...(cookie !== undefined && { cookie }),
        ...request.headers,
      },
      signal: request.signal,
      headTimeoutMs: request.headTimeoutMs,
    });
    const target = redirectOf(response, url);
    if (target === undefined) return { response, url: url.href };
    response.discard();
    request.onRedirect?.();
    cookies.take(response.setCookies, url, deps.clock.nowMs());
    const next = targetOf(target, url);
    refuse(next, reach, url);
    url = next;
  }
  throw new PermanentError("too_many_redirects", "origin");
}

/** Sends one request, when its host has a place for it. The host's other visitors learn what comes of it. */
async function send(
  { clock, http, settings, visit }: OriginDeps,
  url: URL,
  request: Omit<HttpRequest, "accepts" | "url" | "whenDue">,
): Promise<HttpResponse> {
  const untilDue = await visit.admit(url, request.signal);
  let askedAtMs = clock.nowMs();
  const whenDue = async (): Promise<void> => {
    await untilDue?.();
    askedAtMs = clock.nowMs();
  };
  try {
    const response = await http.request({
      ...request,
      url: url.href,
      accepts: acceptedAddresses(url, settings.reach),
      whenDue: untilDue && whenDue,
    });
    await visit.answered(url, askedAtMs, response);
    return response;
  } catch (error) {
    await visit.failed(url, askedAtMs, error);
    throw error;
  }
}

/** Asks for the bytes as they are: an encoded body would be stored under the hash of its encoding. */
const AS_THEY_ARE = { accept: "*/*", "accept-encoding": "identity" };

function headersFor(url: URL, { usual, byHost }: RequestHeaders): Readonly<Record<string, string>> {
  const ofHost = byHost.filter(([pattern]) => matchesHost(url.hostname, pattern));
  return Object.assign({ ...AS_THEY_ARE, ...usual }, ...ofHost.map(([, headers]) => headers));
}

function refuse(url: URL, reach: Reach, from: URL = url): void {
  const isDowngrade = from.protocol === "https:" && url.protocol === "http:" && !reach.mayDowngrade;
  const refusal = refusalOf(url, reach) ?? (isDowngrade ? "redirect_to_http" : undefined);
  if (refusal !== undefined) throw new PermanentError(refusal, "policy");
}

/** The Location of a redirect; undefined if the answer is none. A choice among several (300) need not have one. */
function redirectOf(response: HttpResponse, from: URL): string | undefined {
  if (verdictOn(response.status) !== "redirect") return undefined;
  const location = response.headers["location"]?.trim() ?? "";
  if (location !== "" || response.status === 300) return location || undefined;
  response.discard();
  throw new PermanentError("redirect_without_location", "origin", { cause: new Error(from.href) });
}

function targetOf(location: string, from: URL): URL {
  const target = URL.parse(location, from.href);
  if (!target) throw new PermanentError("redirect_to_invalid_url", "origin", { cause: new Error(location) });
  return withoutFragment(target);
}

function withoutFragment(url: URL): URL {
  url.hash = "";
  return url;
}
