import ipaddr from "ipaddr.js";

const UNRESERVED = /^[A-Za-z0-9\-._~]$/;

/** RFC 3986, 6.2.2: hex digits in upper case, and what need not be escaped is not. */
function normalizeEscapes(text: string): string {
  return text.replace(/%[0-9a-fA-F]{2}/g, (escape) => {
    const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    return UNRESERVED.test(character) ? character : escape.toUpperCase();
  });
}

/**
 * The one spelling under which a URL is keyed (what is fetched is what the producer wrote): scheme and host in lower case, default port, dot segments
 * and fragment gone, escapes normalized. The query keeps its order: origins may care.
 * @throws TypeError when the text is not an absolute URL.
 */
export function canonicalUrl(text: string): string {
  const url = new URL(text);
  url.hash = "";
  url.pathname = normalizeEscapes(url.pathname);
  url.search = normalizeEscapes(url.search);
  return url.href;
}

/** Why we do not fetch this URL, or undefined when we do. Looks at the URL alone: names are not resolved here. */
export function urlRefusal(text: string, allowPrivateHosts: boolean): string | undefined {
  const url = new URL(text);
  if (url.protocol !== "http:" && url.protocol !== "https:") return `unsupported_scheme:${url.protocol.slice(0, -1)}`;
  if (url.username !== "" || url.password !== "") return "credentials_in_url";
  if (!allowPrivateHosts && isPrivateHost(url.hostname)) return "private_address";
  return undefined;
}

const PRIVATE_NAMES = /(^|\.)(localhost|local|internal|home\.arpa)\.?$/;

function isPrivateHost(hostname: string): boolean {
  const address = hostname.replace(/^\[|\]$/g, "");
  if (!ipaddr.isValid(address)) return PRIVATE_NAMES.test(hostname);
  return ipaddr.process(address).range() !== "unicast";
}
