/** Odd spellings of URLs, which must be asked for as browsers do. */
import { when } from "../answers/compose.ts";
import { status, whole } from "../answers/http.ts";
import { fetched, type HostileCase } from "../case.ts";

/** What follows `/<name>/` in the list, and in the request. */
const PATHS: readonly (readonly [name: string, what: string, written: string, asked?: string])[] = [
  ["plain", "nothing odd", "file.bin"],
  ["tilde-escaped", "a tilde is escaped", "%7Euser/a"],
  ["lower-case-escape", "an escape is in lower case", "gr%c3%bcn"],
  ["escaped-slash", "a slash is escaped", "a%2Fb"],
  ["escaped-dot", "a dot is escaped", "a%2Eb"],
  ["escaped-percent", "a percent sign is escaped", "100%25"],
  ["lone-percent", "a percent sign stands alone", "100%"],
  ["bad-escape", "an escape is none", "%zz%4"],
  ["bad-utf8", "an escape is no UTF-8", "%ff%fe"],
  ["utf8", "the path is in UTF-8", "grün/日本.pdf", "gr%C3%BCn/%E6%97%A5%E6%9C%AC.pdf"],
  ["emoji", "the path has an emoji", "😀", "%F0%9F%98%80"],
  ["decomposed", "an accent is a character of its own", "e\u0301", "e%CC%81"],
  ["composed", "an accent is part of its character", "\u00e9", "%C3%A9"],
  ["utf8-query", "the query is in UTF-8", "a?q=ü", "a?q=%C3%BC"],
  ["double-slash", "slashes are doubled", "a//b///c"],
  ["trailing-slash", "the path ends with a slash", "a/"],
  ["dot", "a segment is a dot", "a/./b", "a/b"],
  ["dots", "a segment is two dots", "a/x/../b", "a/b"],
  ["escaped-dots", "two dots are escaped", "a/x/%2e%2E/b", "a/b"],
  ["three-dots", "a segment is three dots", "a/.../b"],
  ["backslash", "a backslash stands for a slash", "a\\b", "a/b"],
  ["backslash-query", "a backslash is in the query", "a?b\\c"],
  ["empty-query", "the query is empty", "a?"],
  ["two-questions", "the query has a question mark", "a?b?c=?"],
  ["fragment", "the fragment is not sent", "a#page=2", "a"],
  ["query-fragment", "the fragment follows a query", "a?b=1#c?d=2", "a?b=1"],
  ["empty-fragment", "the fragment is empty", "a#", "a"],
  ["escaped-hash", "a number sign is escaped", "a%23b"],
  ["plus", "a plus is in the path and in the query", "a+b?c+d"],
  ["escaped-plus", "a plus is escaped", "a%2Bb?c=%2B"],
  ["escaped-blank", "a blank is escaped", "my%20file.pdf"],
  ["delimiters", "the path has all that it may have", "!$&'()*+,;=:@-._~"],
  ["brackets", "the path has brackets", "a[1]"],
  ["bar", "the path has a bar", "a|b"],
  ["caret", "the query has a caret", "a?b^c"],
  ["braces", "the path has braces", "{id}", "%7Bid%7D"],
  ["quote", "the path has a quote", 'a"b', "a%22b"],
  ["angle", "the path has angle brackets", "<a>", "%3Ca%3E"],
  ["backtick", "the path has a backtick", "a`b", "a%60b"],
  ["query-quote", "the query has quotes", `a?b='c'&d="e"`, "a?b=%27c%27&d=%22e%22"],
  ["query-braces", "the query has braces and bars", "a?b={c}|d"],
  ["parameters", "a segment has parameters", "a;v=1/b;w=2"],
  ["same-name-twice", "the query has a name twice, in an order that counts", "a?b=2&a=1&b=1"],
  ["empty-names", "the query has empty parts", "a?&&=&a="],
  ["encoded-query", "the query holds a URL", "a?u=https%3A%2F%2Fexample.org%2F%3Fx%3D1"],
  ["url-in-query", "the query holds a URL as it is", "a?u=https://example.org/?x=1"],
  ["url-in-path", "the path holds a URL", "web/2024/https://example.org/a"],
  ["long", "the URL has 4,000 characters", `a?${"q".repeat(3900)}`],
  ["long-segment", "a segment has 1,000 characters", "s".repeat(1000)],
  ["deep", "the path has 300 folders", "d/".repeat(300)],
  ["device", "the path ends as a device of Windows", "NUL.txt"],
  ["up-in-name", "the name leads out of its folder, escaped", "..%2f..%2f..%2fetc%2fpasswd"],
  ["nul", "the name holds an escaped NUL", "a%00b"],
  ["newline", "the name holds an escaped line end", "a%0d%0aSet-Cookie:%20b"],
  ["hidden", "the name begins with a dot", ".htaccess"],
  ["dash", "the name begins with a dash", "-rf"],
];

const HOSTS: readonly (readonly [name: string, what: string, host: string])[] = [
  ["decimal", "the address is one number", "2130706433"],
  ["hexadecimal", "the address is hexadecimal", "0x7f000001"],
  ["octal", "the address is octal", "0177.0.0.1"],
  ["short", "the address has two parts", "127.1"],
  ["fullwidth", "the address is in full-width digits", "１２７.0.0.1"],
  ["escaped", "the address is escaped", "%3127.0.0.1"],
  ["trailing-dot", "the address ends with a dot", "127.0.0.1."],
  ["name", "the host is a name in upper case", "LOCALHOST"],
];

export const urls: readonly HostileCase[] = [
  ...PATHS.map(([name, what, written, asked = written]) =>
    fetched(
      `url-${name}`,
      `the URL is asked for as a browser does: ${what}`,
      (body) => when(({ rest }) => rest === asked, whole(body), status(404)),
      { path: written },
    ),
  ),
  ...HOSTS.map(([name, what, host]) =>
    fetched(`url-host-${name}`, `the host is found: ${what}`, whole, {
      spelled: (url) => url.replace("127.0.0.1", host),
    }),
  ),
  fetched("url-scheme", "the scheme is in upper case", whole, { spelled: (url) => url.replace("http:", "HTTP:") }),
  fetched("url-host-header", "the Host header is the address with its port", (body) =>
    when(({ headers, home }) => `http://${headers.get("host")}` === home, whole(body), status(400)),
  ),
  fetched("url-headers", "what is asked for is the file as it is", (body) =>
    when(
      ({ headers }) => headers.get("accept-encoding") === "identity" && headers.has("user-agent"),
      whole(body),
      status(400),
    ),
  ),
];
