import { canonicalUrl } from "../../core/model/url.ts";
import { hexOf } from "./describe-problem.ts";

const MOST_CHARACTERS = 4096;

/**
 * A valid URL that is spelled like its canonical URL: its host is a name in lower case, and nothing in it has an escape,
 * a dot segment or a port. Most URLs of most lists match, which saves two thirds of the time that a line takes.
 */
const PLAIN =
  /^https?:\/\/((?:(?!xn--)[a-z0-9_-]+\.)*(?!xn--)[a-z][a-z0-9-]*)(?:\/(?![./])[\w\-.~!$&'()*+,;=:@]*)+(?:\?[\w\-.~!$&()*+,;=:@/?]+)?$/;

export const CLASSIC_MAC =
  "lines end with LF or CRLF. If CR alone ends the lines of the list, as on a classic Mac, convert it with: " +
  "tr '\\r' '\\n' < LIST > NEW";

export interface AcceptedUrl {
  readonly host: string;
  readonly canonical: string;
}

/** What to know of a URL, or a text that says what is wrong with it and what to write. */
export function checkUrl(text: string): AcceptedUrl | string {
  if (text.length > MOST_CHARACTERS) return `longer than ${MOST_CHARACTERS} characters; such a URL cannot be fetched`;
  const host = PLAIN.exec(text)?.[1];
  if (host !== undefined) return { host, canonical: text };
  const reason = refusal(text);
  if (reason !== undefined) return reason;
  const canonical = canonicalUrl(text);
  return { host: new URL(canonical).host, canonical };
}

function refusal(text: string): string | undefined {
  if (text === "") return "empty; write the URL of the file";
  if (text.includes("\r")) return `holds a carriage return (CR); ${CLASSIC_MAC}`;
  return wrongScheme(text) ?? strangeCharacter(text) ?? notAUrl(text) ?? credentials(text) ?? twoUrls(text);
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
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase();
  const isHostWithPort = scheme !== undefined && /^[^/]+:\d+(\/|$)/.test(text);
  if (scheme === undefined || isHostWithPort || scheme.length === 1) return notAbsolute(text);
  if (scheme === "http" || scheme === "https") return undefined;
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

function notAUrl(text: string): string | undefined {
  if (!/^https?:\/\/[^/\\]/i.test(text)) return "not a URL; write two slashes after the scheme, and then the host";
  return URL.canParse(text) ? undefined : "not a valid URL; look at its host and its port";
}

function credentials(text: string): string | undefined {
  const { username, password } = new URL(text);
  if (username === "" && password === "") return undefined;
  return "holds a user name or a password, which would be stored and logged; take out what is before the @";
}

/** Finds `https://a/1https://b/2` and `https://a/1,https://b/2`. An archive's `/https://` and any query are fine. */
function twoUrls(text: string): string | undefined {
  const [path = ""] = text.split(/[?#]/, 1);
  if (!/[^/=:@([]https?:\/\//i.test(path)) return undefined;
  return "two URLs on one line; write one on each line, or %3A for the second colon if they belong together";
}
