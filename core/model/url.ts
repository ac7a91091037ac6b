import ipaddr from "ipaddr.js";
import { isGlobalAddress } from "./address.ts";

const UNRESERVED = /^[A-Za-z0-9\-._~]$/;

/** RFC 3986, 6.2.2: hex digits in upper case, and no escapes that are not needed. */
function normalizeEscapes(text: string): string {
  return text.replace(/%[0-9a-fA-F]{2}/g, (escape) => {
    const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    return UNRESERVED.test(character) ? character : escape.toUpperCase();
  });
}

/**
 * The spelling of a URL that goes into the job key: scheme and host in lower case, without default port, dot segments
 * and fragment, escapes normalized. The query keeps its order, because it may matter to the origin. Only the key uses
 * this spelling: the URL that is fetched is the one that the producer wrote.
 * @throws TypeError when the text is not an absolute URL.
 */
export function canonicalUrl(text: string): string {
  const url = new URL(text);
  if (!/[%?#]/.test(text)) return url.href;
  url.hash = "";
  url.pathname = normalizeEscapes(url.pathname);
  url.search = normalizeEscapes(url.search);
  return url.href;
}

/** Why we refuse to fetch this URL; undefined if we accept it. Where its name leads is judged when it is resolved. */
export function urlRefusal(text: string, allowPrivateHosts: boolean): string | undefined {
  const url = new URL(text);
  if (url.protocol !== "http:" && url.protocol !== "https:") return `unsupported_scheme:${url.protocol.slice(0, -1)}`;
  if (url.username !== "" || url.password !== "") return "credentials_in_url";
  if (allowPrivateHosts) return undefined;
  if (isPrivateHost(url.hostname)) return "private_address";
  return mayUsePort(url.port) ? undefined : `port_not_allowed:${url.port}`;
}

const PRIVATE_NAMES = /(^|\.)(localhost|local|internal|home\.arpa)\.?$/;

function isPrivateHost(hostname: string): boolean {
  const address = hostname.replace(/^\[|\]$/g, "");
  if (!ipaddr.isValid(address)) return PRIVATE_NAMES.test(hostname);
  return !isGlobalAddress(address);
}

/** Below 1024 are services that trust whoever speaks to them, and none of them is meant for downloads. */
const LOWEST_FREE_PORT = 1024;
const WEB_PORTS = new Set(["", "80", "443"]);
const mayUsePort = (port: string): boolean => WEB_PORTS.has(port) || Number(port) >= LOWEST_FREE_PORT;
