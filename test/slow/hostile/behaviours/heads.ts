/** Heads of answers to GET that are long, odd or slow. */
import type { Answer } from "../answers/answer.ts";
import { byMethod, delayed } from "../answers/compose.ts";
import { answered, head, whole } from "../answers/http.ts";
import { drips, endless, says, saysAndCloses } from "../answers/raw.ts";
import { alone, fetched, retried, type HostileCase } from "../case.ts";

const forGet = (answer: Answer): Answer => byMethod(answered(405, ""), answer);

const KIB = 1024;
const filler = (kib: number): string => `X-Filler: ${"x".repeat(kib * KIB)}`;
const fillers = (count: number, bytes: number): readonly string[] =>
  Array.from({ length: count }, (_, n) => `X-Filler-${n}: ${"x".repeat(bytes)}`);

/** A whole answer, whose head is written out but for the length. */
const spelled =
  (statusLine: string, end = "\r\n", ...headers: readonly string[]) =>
  (body: Buffer): Answer =>
    saysAndCloses([statusLine, `Content-Length: ${body.length}`, ...headers, "", ""].join(end), body);

const OK = "HTTP/1.1 200 OK";
/** With lines that end in CRLF. */
const withHeaders = (...headers: readonly string[]): ((body: Buffer) => Answer) => spelled(OK, "\r\n", ...headers);

const READ: readonly (readonly [name: string, what: string, answer: (body: Buffer) => Answer])[] = [
  ["60k", "the head has 60 KiB", withHeaders(filler(60))],
  ["240k", "the head has 240 KiB in one header", withHeaders(filler(240))],
  ["1000-fields", "the head has 1,000 headers", withHeaders(...fillers(1000, 100))],
  ["3000-fields", "the head has 3,000 headers", withHeaders(...fillers(3000, 10))],
  [
    "200-cookies",
    "the head sets 200 cookies",
    withHeaders(...fillers(200, 60).map((text) => `Set-Cookie: ${text.replace(": ", "=")}`)),
  ],
  ["long-name", "a header's name has 8 KiB", withHeaders(`X-${"n".repeat(8 * KIB)}: 1`)],
  ["long-phrase", "the reason phrase has 4 KiB", spelled(`${OK} ${"very ".repeat(800)}`)],
  ["folded", "a header is folded over two lines", withHeaders("X-Folded: one\r\n two\r\n\tthree")],
  ["folded-type", "the Content-Type is folded", withHeaders("Content-Type: text/plain;\r\n charset=utf-8")],
  ["bare-lf", "lines end with LF alone", spelled(OK, "\n", "Content-Type: text/plain")],
  ["mixed-ends", "some lines end with LF, some with CRLF", withHeaders("X-One: 1\nX-Two: 2")],
  ["no-phrase", "the reason phrase is missing", spelled("HTTP/1.1 200 ")],
  ["no-phrase-no-blank", "the blank before the missing phrase is missing too", spelled("HTTP/1.1 200")],
  ["utf8-phrase", "the reason phrase is in UTF-8", spelled("HTTP/1.1 200 Natürlich ✓")],
  ["latin1-phrase", "the reason phrase is in Latin-1", spelled("HTTP/1.1 200 Natürlich")],
  ["http-1.0", "HTTP/1.0 has a length", spelled("HTTP/1.0 200 OK")],
  [
    "http-1.0-keep-alive",
    "HTTP/1.0 keeps the connection",
    spelled("HTTP/1.0 200 OK", "\r\n", "Connection: keep-alive"),
  ],
  ["http-1.2", "a later minor version is read as 1.1", spelled("HTTP/1.2 200 OK")],
  ["empty-line-first", "an empty line comes before the status", spelled(`\r\n${OK}`)],
  ["utf8-value", "a header is in UTF-8", withHeaders("X-Author: Zoë 松本")],
  ["latin1-value", "a header is in Latin-1", withHeaders("X-Author: Zoë")],
  [
    "empty-values",
    "headers are empty",
    withHeaders("X-Empty:", "Content-Type:", "ETag:", "Last-Modified:", "Date:", "Server: "),
  ],
  [
    "prototype",
    "headers are named like what each object has",
    withHeaders("__proto__: x", "constructor: x", "toString: x", "hasOwnProperty: x"),
  ],
  ["two-types", "two Content-Types differ", withHeaders("Content-Type: text/plain", "Content-Type: text/csv")],
  ["two-etags", "two ETags differ", withHeaders('ETag: "a"', 'ETag: "b"')],
  ["bad-etag", "the ETag has no quotes", withHeaders("ETag: 123-abc", "Accept-Ranges: bytes")],
  ["long-etag", "the ETag has 16 KiB", withHeaders(`ETag: "${"e".repeat(16 * KIB)}"`, "Accept-Ranges: bytes")],
  [
    "bad-dates",
    "all dates are nonsense",
    withHeaders("Date: today", "Last-Modified: -1", "Expires: 0", "Retry-After: soon"),
  ],
  ["future", "the file was modified in the year 9999", withHeaders("Last-Modified: Fri, 31 Dec 9999 23:59:59 GMT")],
  ["bad-type", "the Content-Type is punctuation", withHeaders('Content-Type: ;;;/,="')],
  ["long-type", "the Content-Type has 5 KiB", withHeaders(`Content-Type: text/plain; x=${"y".repeat(5 * KIB)}`)],
  [
    "odd-connection",
    "the Connection header lists much",
    withHeaders("Connection: close, keep-alive, x, TE", "Keep-Alive: timeout=0, max=-1"),
  ],
  ["odd-ranges", "Accept-Ranges names a unit that nobody knows", withHeaders("Accept-Ranges: parsecs", 'ETag: "p"')],
  [
    "upgrade",
    "another protocol is offered",
    withHeaders("Upgrade: h2c, h3", "Connection: Upgrade", 'Alt-Svc: h3=":443"'),
  ],
];

const informational = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, n) => head([100, 102, 103][n % 3] ?? 100, ["Link: </style.css>; rel=preload"]));

const afterInformation = (count: number, body: Buffer): Answer =>
  forGet(says(...informational(count), head(200, [`Content-Length: ${body.length}`]), body));

const NO_HTTP = "origin_speaks_no_http";
const BAD_STATUS_LINES: readonly (readonly [name: string, line: string])[] = [
  ["two-digits", "HTTP/1.1 20 OK"],
  ["four-digits", "HTTP/1.1 2000 OK"],
  ["words", "HTTP/1.1 OK 200"],
  ["no-status", "HTTP/1.1"],
  ["lower-case", "http/1.1 200 OK"],
  ["comma", "HTTP/1,1 200 OK"],
  ["request", "GET / HTTP/1.1"],
];

const TOO_LARGE = "headers_too_large";

export const heads: readonly HostileCase[] = alone([
  ...READ.map(([name, what, answer]) => fetched(`head-is-${name}`, what, answer)),
  fetched("head-after-100", "100 comes first", (body) => afterInformation(1, body)),
  fetched("head-after-30", "30 informational answers come first", (body) => afterInformation(30, body)),
  fetched("head-after-half-a-second", "the head comes after 400 ms", (body) => delayed(400, whole(body))),
  fetched("head-in-three", "the head comes in three pieces, with pauses", (body) =>
    forGet((_asked, reply) =>
      reply.every(100, ["HTTP/1.1 20", "0 OK\r\nContent-Le", `ngth: ${body.length}\r\n\r\n`, body]),
    ),
  ),
  retried(
    "head-300k",
    "the head has 300 KiB in one header",
    TOO_LARGE,
    forGet(saysAndCloses(head(200, [filler(300)]))),
  ),
  retried(
    "head-300k-fields",
    "the head has 300 KiB in many headers",
    TOO_LARGE,
    forGet(saysAndCloses(head(200, fillers(300, KIB)))),
  ),
  retried(
    "head-endless",
    "the head never ends, at full speed",
    TOO_LARGE,
    forGet((_asked, reply) => {
      reply.send("HTTP/1.1 200 OK\r\n");
      reply.every(5, endless(`${filler(16)}\r\n`));
    }),
  ),
  retried("head-drips", "the head comes a byte at a time, without an end", "origin_timeout", drips(50, dripping)),
  retried("head-drips-lines", "the head comes a header at a time, without an end", "origin_timeout", drips(50, lines)),
  retried(
    "head-1xx-endless",
    "informational answers come without an end",
    "origin_timeout",
    drips(50, () => endless(head(103, ["Link: </x>"]))),
  ),
  retried(
    "head-no-end",
    "the empty line after the head is missing",
    "origin_timeout",
    says("HTTP/1.1 200 OK\r\nX: y\r\n"),
  ),
  ...BAD_STATUS_LINES.map(([name, line]) =>
    retried(`head-line-${name}`, `the status line is ${line}`, NO_HTTP, saysAndCloses(`${line}\r\n\r\nhello`)),
  ),
]);

function* dripping(): Iterable<string> {
  yield* "HTTP/1.1 200 OK\r\nX-Slow: ";
  yield* endless("z");
}

function* lines(): Iterable<string> {
  yield "HTTP/1.1 200 OK\r\n";
  yield* endless("X-Slow: yes\r\n");
}
