import { MOST_URL_CHARACTERS } from "./order.ts";

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

const LABEL = "(?!xn--)[a-z0-9_-]+";
const HOST = `(?:${LABEL}\\.)*(?!xn--)[a-z][a-z0-9-]*`;
const PORT = "(?::(?!80/|443/)[1-9]\\d{0,3})?";
/** In upper case, of a character that needs it. */
const ESCAPE = "%(?:[0189A-F][0-9A-F]|2[0-9A-CF]|3[A-F]|40|5[B-E]|60|7[B-DF])";
const escapedAmong = (characters: string): string => `[${characters}]*(?:${ESCAPE}[${characters}]*)*`;
const PATH = `(?:/(?![./])${escapedAmong("\\w\\-.~!$&'()*+,;=:@")})+`;
const QUERY = `(?:\\?(?=.)${escapedAmong("\\w\\-.~!$&()*+,;=:@/?")})?`;

const PLAIN = new RegExp(`^https?://(${HOST}${PORT})${PATH}${QUERY}$`);

/**
 * The host of a valid http or https URL that is spelled like its canonical URL, and holds no user and no password;
 * undefined of one that must be respelled, or looked at twice. Most URLs of most lists are plain, and then this takes a
 * tenth of the time of a parser.
 */
export const hostOfPlainUrl = (text: string): string | undefined =>
  text.length <= MOST_URL_CHARACTERS ? PLAIN.exec(text)?.[1] : undefined;
