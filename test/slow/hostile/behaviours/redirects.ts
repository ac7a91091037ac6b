/** Redirects: how Location may be written, chains, loops, and cookies on the way. */
import { expect } from "vitest";
import type { Answer, Asked } from "../answers/answer.ts";
import { byPath, inTurn } from "../answers/compose.ts";
import { bare, redirect, status, whole } from "../answers/http.ts";
import { says } from "../answers/raw.ts";
import { fetched, inRun, policy, refused, retried, type HostileCase } from "../case.ts";
import { cookies } from "./cookies.ts";

const THERE = "there";
/** Redirects to `location`, and has the file at `there` alone. */
const leadsTo =
  (location: string | ((asked: Asked) => string), there = THERE) =>
  (body: Buffer): Answer =>
    byPath({ [there]: whole(body), "file.bin": redirect(location) }, status(404));

const WRITTEN: readonly (readonly [
  name: string,
  what: string,
  location: string | ((asked: Asked) => string),
  there?: string,
])[] = [
  ["relative", "relative to the URL", "there"],
  ["rooted", "a path", ({ name }) => `/${name}/there`],
  ["absolute", "absolute", ({ home, name }) => `${home}/${name}/there`],
  ["without-scheme", "without a scheme", ({ home, name }) => `${home.slice("http:".length)}/${name}/there`],
  ["query", "a query alone", "?page=2", "file.bin?page=2"],
  ["up", "with dot segments", ({ name }) => `../x/../${name}/./there`],
  ["above-the-root", "with more dot segments than there are folders", ({ name }) => `/../../${name}/there`],
  ["fragment", "with a fragment, which is not sent", "there#page=2"],
  ["query-and-fragment", "with a query and a fragment", "there?a=1#b?c", "there?a=1"],
  ["utf8", "in UTF-8", "grün/日本", "gr%C3%BCn/%E6%97%A5%E6%9C%AC"],
  ["utf8-query", "with UTF-8 in the query", "there?q=ü", "there?q=%C3%BC"],
  ["blanks", "with blanks inside", "my file", "my%20file"],
  ["blanks-around", "with blanks around it", "   there   "],
  ["tab", "with a tab inside, which browsers remove", "th\tere"],
  ["tabs-around", "with tabs around it", "\tthere\t"],
  ["escaped", "escaped, and stays as it is", "a%2Fb%20c%c3%bc", "a%2Fb%20c%c3%bc"],
  ["percent", "with a percent sign that escapes nothing", "100%", "100%"],
  ["brackets", "with characters that need no escape in a path", "a[1]|b", "a[1]|b"],
  ["quotes", "in quotes that are part of it", 'a"b', "a%22b"],
  ["backslash", "with a backslash, which browsers read as a slash", ({ name }) => `/${name}\\there`],
  ["upper-case", "with a scheme in upper case", ({ home, name }) => `${home.replace("http", "HTTP")}/${name}/there`],
  [
    "decimal-host",
    "at a host that is one number",
    ({ home, name }) => `${home.replace("127.0.0.1", "2130706433")}/${name}/there`,
  ],
  [
    "other-host",
    "at another name of the host",
    ({ home, name }) => `${home.replace("127.0.0.1", "localhost")}/${name}/there`,
  ],
  ["long", "of 3,000 characters", `there?${"q".repeat(3000)}`, `there?${"q".repeat(3000)}`],
];

const REFUSED: readonly (readonly [name: string, location: string, reason: string])[] = [
  ["ftp", "ftp://127.0.0.1/file", "unsupported_scheme:ftp"],
  ["file", "file:///etc/passwd", "unsupported_scheme:file"],
  ["data", "data:text/plain,hello", "unsupported_scheme:data"],
  ["javascript", "javascript:alert(1)", "unsupported_scheme:javascript"],
  ["mailto", "mailto:me@example.org", "unsupported_scheme:mailto"],
  ["gopher", "gopher://127.0.0.1:6379/_SET%20a%20b", "unsupported_scheme:gopher"],
  ["credentials", "http://me:secret@127.0.0.1/", "credentials_in_url"],
  ["user", "http://me@127.0.0.1/", "credentials_in_url"],
];
const INVALID: readonly (readonly [name: string, location: string])[] = [
  ["no-host", "http://"],
  ["half-ipv6", "http://[::1"],
  ["port", "http://127.0.0.1:99999/"],
  ["host", "http://exa mple.org/"],
  ["ip", "http://127.0.0.256/"],
];

/** `/<name>/1` leads to `/<name>/2`, and so on. */
const chain =
  (hops: number, end: Answer): Answer =>
  (asked, reply) => {
    const at = Number(/^\d+$/.exec(asked.rest) ?? 0);
    (at === hops ? end : redirect(String(at + 1)))(asked, reply);
  };
const moreAndMore = redirect(({ nth, method }) => `${method}-${nth}`);

const heavy = "x".repeat(4 * 1024 * 1024);
const BODIES: readonly (readonly [name: string, what: string, answer: Answer])[] = [
  ["none", "no body and no length", says("HTTP/1.1 302 Found\r\nLocation: there\r\nConnection: close\r\n\r\n")],
  ["endless", "a body that never comes", bare(302, "Location: there", "Content-Length: 1000000")],
  [
    "torn",
    "a body that is shorter than announced",
    (asked, reply) => {
      bare(302, "Location: there", "Content-Length: 1000000")(asked, reply);
      reply.sendBody("<html>").close();
    },
  ],
  [
    "large",
    "a body of 4 MiB",
    (asked, reply) => {
      bare(302, "Location: there", `Content-Length: ${heavy.length}`)(asked, reply);
      reply.sendBody(heavy);
    },
  ],
  ["encoded", "a body in a damaged coding", redirect("there", 302, "Content-Encoding: gzip")],
  ["twice", "the Location twice, and the same", redirect("there", 302, "Location: there")],
  ["refresh", "a Refresh header too", redirect("there", 302, "Refresh: 0; url=elsewhere")],
];

const LOOP = "redirect_loop";

const usual: readonly HostileCase[] = [
  ...[301, 302, 303, 307, 308].map((code) =>
    fetched(
      `redirect-${code}`,
      `${code} is followed, and the results name where it led`,
      (body) => byPath({ [THERE]: whole(body) }, redirect(THERE, code)),
      { result: { final_url: expect.stringMatching(`^http://127\\.0\\.0\\.1:\\d+/redirect-${code}/there$`) } },
    ),
  ),
  ...WRITTEN.map(([name, what, location, there]) =>
    fetched(`redirect-${name}`, `the Location is ${what}`, leadsTo(location, there)),
  ),
  ...BODIES.map(([name, what, answer]) =>
    fetched(`redirect-with-${name}`, `a redirect has ${what}`, (body) => byPath({ [THERE]: whole(body) }, answer)),
  ),
  ...REFUSED.map(([name, location, reason]) =>
    refused(`redirect-to-${name}`, `a redirect to ${location} is not followed`, reason, redirect(location), policy),
  ),
  ...INVALID.map(([name, location]) =>
    refused(
      `redirect-invalid-${name}`,
      `a redirect to ${location} is invalid`,
      "redirect_to_invalid_url",
      redirect(location),
    ),
  ),
  fetched("redirect-20", "20 redirects are followed", (body) => chain(20, whole(body))),
  refused("redirect-21", "21 redirects are too many", "too_many_redirects", chain(21, whole("")), {
    leastGets: 21,
    mostGets: 21,
  }),
  refused("redirect-more", "redirects lead to new URLs without an end", "too_many_redirects", moreAndMore, {
    mostGets: 21,
  }),
  refused("redirect-self", "a URL leads to itself", LOOP, redirect("file.bin"), { mostGets: 2 }),
  refused(
    "redirect-two",
    "two URLs lead to each other",
    LOOP,
    byPath({ a: redirect("b"), b: redirect("a") }, redirect("a")),
    { mostGets: 4 },
  ),
  refused(
    "redirect-tail",
    "the third URL leads back to the second",
    LOOP,
    byPath({ a: redirect("b"), b: redirect("c"), c: redirect("b") }, redirect("a")),
    { mostGets: 5 },
  ),
  refused("redirect-fragments", "a URL leads to itself with another fragment", LOOP, redirect("file.bin#top"), {
    mostGets: 2,
  }),
  refused(
    "redirect-to-404",
    "a redirect leads to a 404",
    "http_404",
    byPath({ [THERE]: status(404) }, redirect(THERE)),
  ),
  retried(
    "redirect-to-500",
    "a redirect leads to a 500",
    "http_500",
    byPath({ [THERE]: status(500) }, redirect(THERE)),
  ),
  retried(
    "redirect-to-closed",
    "a redirect leads to a port where nobody listens",
    "origin_refused_connection",
    redirect("http://127.0.0.1:1/"),
    { leastGets: 0 },
  ),
  fetched("redirect-once", "a redirect to an error comes once, and then the file", (body) =>
    byPath({ gone: status(503), "file.bin": inTurn(redirect("gone"), whole(body)) }, status(404)),
  ),
  fetched("redirect-by-html", "a page that refreshes to another URL is the file", (body) =>
    whole(body, "Refresh: 0; url=there", "Content-Location: /elsewhere", "Link: <there>; rel=canonical"),
  ),
];

const strict: readonly HostileCase[] = [
  fetched("strict-2-redirects", "as many redirects as are allowed", (body) => chain(2, whole(body))),
  refused("strict-3-redirects", "one redirect more than is allowed", "too_many_redirects", chain(3, whole("")), {
    mostGets: 3,
  }),
];

export const redirects: readonly HostileCase[] = [...usual, ...cookies, ...inRun("strict", strict)];
