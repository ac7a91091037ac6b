import { Networks } from "../../core/model/address.ts";
import { isIP } from "node:net";

export type Variables = Readonly<Record<string, string | undefined>>;

/** The variables name no proxy that can be used. The message leaves out their values, which may hold a password. */
export class ProxySettingError extends Error {
  override readonly name = "ProxySettingError";
}

/** The proxies that `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` name. Lower case goes before upper case. */
export interface Proxies {
  /** By the schemes of URLs, as Node's agents take them. */
  readonly urls: { readonly http_proxy?: string; readonly https_proxy?: string };
  /** Whether requests for the URL go to a proxy. */
  covers(url: URL): boolean;
}

const SCHEMES = ["http", "https"] as const;
const VARIABLES = SCHEMES.flatMap((scheme) => [`${scheme}_proxy`, `${scheme}_proxy`.toUpperCase()]);

/**
 * Undefined if no proxy is named.
 * @throws ProxySettingError
 */
export function proxiesOf(variables: Variables, nodeVersion = process.versions.node): Proxies | undefined {
  const set = VARIABLES.find((name) => variables[name]);
  if (set === undefined) return undefined;
  if (!knowsProxies(nodeVersion))
    throw new ProxySettingError(
      `${set} names a proxy, which needs Node 22.21, 24.5 or newer, and this is Node ${nodeVersion}. ` +
        "Use a newer Node, or unset the variable.",
    );
  const [http, https] = SCHEMES.map((scheme) => proxyUrl(variables, scheme));
  const bypassed = (variables["no_proxy"] || variables["NO_PROXY"] || "").split(/[\s,]+/).filter(Boolean);
  return {
    urls: { ...(http !== undefined && { http_proxy: http }), ...(https !== undefined && { https_proxy: https }) },
    covers(url) {
      const isNamed = (url.protocol === "https:" ? https : http) !== undefined;
      return isNamed && !isLoopback(url.hostname) && !bypassed.some((entry) => matches(url, entry.toLowerCase()));
    },
  };
}

function knowsProxies(nodeVersion: string): boolean {
  const [major = 0, minor = 0] = nodeVersion.split(".").map(Number);
  return major > 24 || (major === 24 && minor >= 5) || (major === 22 && minor >= 21);
}

function proxyUrl(variables: Variables, scheme: string): string | undefined {
  const name = [`${scheme}_proxy`, `${scheme}_proxy`.toUpperCase()].find((each) => variables[each]);
  if (name === undefined) return undefined;
  const text = variables[name] ?? "";
  const url = URL.parse(text.includes("://") ? text : `http://${text}`);
  if (!url || !isDecodable(url.username + url.password))
    throw new ProxySettingError(`${name} is not the URL of a proxy. Write for example http://proxy.example.com:3128.`);
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw new ProxySettingError(
      `${name} names a proxy that speaks ${url.protocol.slice(0, -1)}, and only http and https are supported. ` +
        "Name another one, or unset the variable.",
    );
  return url.href;
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

const withoutBrackets = (hostname: string): string => hostname.replace(/^\[|\]$/g, "");

/** A proxy would look for the origin on its own machine. */
const isLoopback = (hostname: string): boolean =>
  /(^|\.)localhost\.?$/.test(hostname) || /^(127\.[\d.]+|\[::1\])$/.test(hostname);

const DEFAULT_PORTS: Readonly<Record<string, string>> = { "http:": "80", "https:": "443" };

/** An entry is `*`, a name (its subdomains match as well), an address or a network, and may end in a port. */
function matches(url: URL, entry: string): boolean {
  const host = withoutBrackets(url.hostname).replace(/\.$/, "");
  const [, name = entry, port] = (isIP(entry) === 0 && /^(.+):(\d+)$/.exec(entry)) || [];
  if (port !== undefined && port !== (url.port || DEFAULT_PORTS[url.protocol])) return false;
  if (name === "*") return true;
  if (isIP(host) !== 0) return Networks.of(withoutBrackets(name)).has(host);
  const domain = name.replace(/^\*?\./, "");
  return host === domain || host.endsWith(`.${domain}`);
}

/** Why no answer came, if the proxy is to blame. */
export function proxyReason(error: unknown, url: string): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, statusCode, syscall, proxyTunnelTimeout } = error as Readonly<Record<string, unknown>> & Error;
  if (syscall === "connect" || syscall === "getaddrinfo") return "proxy_unreachable";
  if (code === "EORIGINCONNECT") return "proxy_timeout";
  // For https, the connection that broke may be the tunnel's other half.
  if (url.startsWith("http:") && (code === "ECONNRESET" || code === "EPIPE")) return "proxy_connection_lost";
  if (code !== "ERR_PROXY_TUNNEL") return undefined;
  if (typeof statusCode === "number") return `proxy_refused:${statusCode}`;
  return proxyTunnelTimeout === undefined ? "proxy_connection_lost" : "proxy_timeout";
}
