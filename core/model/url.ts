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
 * this spelling: the origin is asked for the URL as the producer's text is parsed.
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
