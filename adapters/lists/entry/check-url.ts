import { MOST_URL_CHARACTERS } from "../../../core/model/order.ts";
import { canonicalUrl, hostOfPlainUrl } from "../../../core/model/url.ts";
import { hexOf } from "../../../core/lists/describe-problem.ts";

const IS_VISIBLE_ASCII = /^[\x21-\x7e]*$/;

export const CLASSIC_MAC =
  "lines end with LF or CRLF. If CR alone ends the lines of the list, as on a classic Mac, convert it with: " +
  "tr '\\r' '\\n' < LIST > NEW";

export interface AcceptedUrl {
  readonly host: string;
  readonly canonical: string;
}

/** What to know of a URL, or a text that says what is wrong with it and what to write. */
export function checkUrl(text: string): AcceptedUrl | string {
  if (text.length > MOST_URL_CHARACTERS)
    return `longer than ${MOST_URL_CHARACTERS} characters; such a URL cannot be fetched`;
  const host = hostOfPlainUrl(text);
  if (host !== undefined) return { host, canonical: text };
  const strange = strangeText(text);
  if (strange !== undefined) return strange;
  const url = URL.parse(text);
  if (url === null) return "not a valid URL; look at its host and its port";
  if (url.username !== "" || url.password !== "") {
    return "holds a user name or a password, which would be stored and logged; take out what is before the @";
  }
  return { host: url.host, canonical: canonicalUrl(text) };
}

function strangeText(text: string): string | undefined {
  if (text === "") return "empty; write the URL of the file";
  if (text.includes("\r")) return `holds a carriage return (CR); ${CLASSIC_MAC}`;
  return wrongScheme(text) ?? (IS_VISIBLE_ASCII.test(text) ? undefined : strangeCharacter(text)) ?? twoUrls(text);
}

function strangeCharacter(text: string): string | undefined {
  if (/\s/.test(text)) return "holds a blank; write %20 for it, or one URL on each line";
  if (text.includes("\uFFFD") || !text.isWellFormed()) {
    return "holds a character that the program which wrote the list has lost (U+FFFD); write the list again, in UTF-8";
  }
  const strange = /[\p{Cc}\u00AD\u200B\u200E\u200F\u202A-\u202E\u2060-\u2069\uFFF9-\uFFFB]/u.exec(text)?.[0];
  if (strange === undefined) return undefined;
  return `holds a character that cannot be seen (U+${hexOf(strange)}); remove it, or write ${encodeURIComponent(strange)}`;
}

function wrongScheme(text: string): string | undefined {
  if (/^https?:\/\/[^/\\]/i.test(text)) return undefined;
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase();
  const isHostWithPort = scheme !== undefined && /^[^/]+:\d+(\/|$)/.test(text);
  if (scheme === undefined || isHostWithPort || scheme.length === 1) return notAbsolute(text);
  if (scheme === "http" || scheme === "https")
    return "not a URL; write two slashes after the scheme, and then the host";
  const hint = scheme === "file" ? "if it is a list, give its path" : "write the file's https address";
  return `only http and https are fetched, not ${scheme}; ${hint}`;
}

function notAbsolute(text: string): string {
  const likely = likelyUrl(text);
  const example = likely === undefined ? "the whole of it, such as https://example.org/file" : likely;
  return `not an absolute URL; write ${example}`;
}

/** What was probably meant: the URL within quotes, brackets or markup, or a URL without its scheme. */
export function likelyUrl(text: string): string | undefined {
  const within = /https?:\/\/[^\s<>"'`()[\]{}]+/i.exec(text)?.[0].replace(/[.,;]+$/, "");
  const host = /^(?:\/\/)?((?:[\w-]+(?:\.[\w-]+)+(?=[:/])|[\w-]+(?=:\d)).*)$/.exec(text)?.[1];
  return [within, host && `https://${host}`].find((candidate) => candidate && typeof checkUrl(candidate) !== "string");
}

/** Finds `https://a/1https://b/2` and `https://a/1,https://b/2`. An archive's `/https://` and any query are fine. */
function twoUrls(text: string): string | undefined {
  if (!/^[^?#]*[^/=:@([?#]https?:\/\//i.test(text)) return undefined;
  return "two URLs on one line; write one on each line, or %3A for the second colon if they belong together";
}
