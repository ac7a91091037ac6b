/** What HEAD answers forbids nothing: GET decides. */
import type { Answer } from "../answers/answer.ts";
import { byMethod } from "../answers/compose.ts";
import { bare, chunked, head as headOf, redirect, status, untilClosed, whole } from "../answers/http.ts";
import { close, endless, hang, reset } from "../answers/raw.ts";
import { alone, bodyOf, fetched, retried, type HostileCase } from "../case.ts";

/** What is said to HEAD, whatever comes back. */
const text =
  (...pieces: readonly string[]): Answer =>
  (_asked, reply) => {
    for (const piece of pieces) reply.send(piece);
  };

const drip =
  (everyMs: number, pieces: Iterable<string>): Answer =>
  (_asked, reply) =>
    reply.every(everyMs, pieces);

const CLOSED_PORT = "http://127.0.0.1:1/nowhere";
const OK = "HTTP/1.1 200 OK";

const USELESS: readonly (readonly [name: string, what: string, answer: Answer])[] = [
  ["400", "HEAD answers 400", status(400)],
  ["401", "HEAD answers 401", status(401, "WWW-Authenticate: Basic")],
  ["403", "HEAD answers 403, as for a URL that is signed for GET", status(403)],
  ["404", "HEAD answers 404", status(404)],
  ["405", "HEAD answers 405", status(405, "Allow: GET")],
  ["408", "HEAD answers 408", status(408)],
  ["410", "HEAD answers 410", status(410)],
  ["416", "HEAD answers 416", status(416, "Content-Range: bytes */12")],
  ["429", "HEAD answers 429 and asks for an hour", status(429, "Retry-After: 3600")],
  ["500", "HEAD answers 500", status(500)],
  ["501", "HEAD answers 501", status(501)],
  ["503", "HEAD answers 503 and asks for an hour", status(503, "Retry-After: 3600")],
  ["999", "HEAD answers 999", status(999)],
  ["204", "HEAD answers 204", bare(204)],
  ["206", "HEAD answers with a part", bare(206, "Content-Length: 1", "Content-Range: bytes 0-0/99")],
  ["304", "HEAD answers 304", bare(304, 'ETag: "old"')],
  ["challenge", "HEAD meets a challenge", status(403, "cf-mitigated: challenge")],
  ["to-closed-port", "HEAD is redirected to a closed port", redirect(CLOSED_PORT)],
  ["to-itself", "HEAD is redirected to itself", redirect((asked) => asked.target)],
  ["to-nothing", "HEAD is redirected without a Location", status(302)],
  ["to-ftp", "HEAD is redirected to ftp", redirect("ftp://127.0.0.1/file")],
  ["to-invalid-url", "HEAD is redirected to an invalid URL", redirect("http://[")],
  ["to-credentials", "HEAD is redirected to a URL with a password", redirect("http://me:secret@127.0.0.1/")],
  ["silent", "HEAD gets no answer", hang],
  ["reset", "HEAD gets a reset", reset],
  ["closed", "the connection is closed for HEAD", close],
  ["garbage", "HEAD gets what is not HTTP", text("SSH-2.0-OpenSSH_9.6\r\n")],
  ["half-a-head", "HEAD gets half a head", text(`${OK}\r\nContent-Len`)],
  ["head-drips", "HEAD gets a head that never ends, a byte at a time", drip(50, endless("x"))],
  ["1xx-flood", "HEAD gets informational answers without an end", drip(20, endless(headOf(103)))],
  ["huge-head", "HEAD gets a head of 1 MiB", text(`${OK}\r\n`, `X-Filler: ${"x".repeat(1024 * 1024)}\r\n\r\n`)],
  ["negative-length", "HEAD names a negative length", text(`${OK}\r\nContent-Length: -1\r\n\r\n`)],
  ["two-lengths", "HEAD names two lengths", text(`${OK}\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n`)],
  ["wordy-length", "HEAD names a length in words", text(`${OK}\r\nContent-Length: many\r\n\r\n`)],
  ["too-large", "HEAD names a length of a petabyte", bare(200, "Content-Length: 1125899906842624")],
  ["larger", "HEAD names a larger file", bare(200, "Content-Length: 4096")],
  ["smaller", "HEAD names a smaller file", bare(200, "Content-Length: 3")],
  ["zero", "HEAD names an empty file", bare(200, "Content-Length: 0")],
  ["other-type", "HEAD names another type", bare(200, "Content-Type: text/html", "Content-Length: 3")],
  ["other-version", "HEAD names another version", bare(200, 'ETag: "head-only"', "Last-Modified: yesterday")],
  ["other-digest", "HEAD names the digest of something else", bare(200, "Content-MD5: CY9rzUYh03PK3k6DJie09g==")],
  ["encoded", "HEAD announces a coding that GET does not use", bare(200, "Content-Encoding: gzip")],
  ["chunked-length", "HEAD has a length and is chunked", bare(200, "Transfer-Encoding: chunked", "Content-Length: 7")],
  ["body", "HEAD is answered with a body", text(`${headOf(200, ["Content-Length: 6"])}strays`)],
  [
    "chunked-body",
    "HEAD is answered with chunks",
    text(headOf(200, ["Transfer-Encoding: chunked"]), "2\r\nno\r\n0\r\n\r\n"),
  ],
  ["two-answers", "HEAD is answered twice", text(headOf(200), `${headOf(200, ["Content-Length: 5"])}wrong`)],
  ["switch", "HEAD is answered by another protocol", text(headOf(101, ["Upgrade: h2c", "Connection: Upgrade"]))],
  ["bare", "HEAD is answered without a header", text(headOf(200))],
  ["http-1.0", "HEAD is answered by HTTP/1.0 and a closed connection", untilClosed("")],
];

const EMPTY = Buffer.alloc(0);
const says12 = bare(200, "Content-Length: 12");
const EMPTY_BODY = "empty_body";

export const head: readonly HostileCase[] = alone([
  ...USELESS.map(([name, what, answer]) =>
    fetched(`head-${name}`, `${what}, and GET delivers the file`, (body) => byMethod(answer, whole(body))),
  ),
  retried("head-12-get-0", "HEAD says 12 bytes, and GET delivers none", EMPTY_BODY, byMethod(says12, whole(""))),
  retried(
    "head-12-get-no-chunk",
    "HEAD says 12 bytes, and GET has no chunk",
    EMPTY_BODY,
    byMethod(says12, chunked("")),
  ),
  retried("head-12-get-closes", "HEAD says 12 bytes, and GET closes", EMPTY_BODY, byMethod(says12, untilClosed(""))),
  fetched("head-0-get-0", "HEAD and GET agree that the file is empty", whole, { body: EMPTY }),
  fetched("head-404-get-0", "HEAD is refused, and the file is empty", (body) => byMethod(status(404), whole(body)), {
    body: EMPTY,
  }),
  fetched(
    "head-unlike-get-redirected",
    "GET is redirected where HEAD was not",
    (body) => (asked, reply) =>
      (asked.method === "HEAD" || asked.rest === "there" ? whole(body) : redirect("there"))(asked, reply),
    { body: bodyOf("head-unlike-get-redirected") },
  ),
]);
