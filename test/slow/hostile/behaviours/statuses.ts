/** What becomes of each status that GET may have. */
import { bare, answered, redirect, status, whole } from "../answers/http.ts";
import { byPath, inTurn } from "../answers/compose.ts";
import { alone, fetched, refused, retried, type HostileCase } from "../case.ts";

const FINAL_SUCCESSES = [201, 207, 208, 226];
const FINAL_CLIENT_ERRORS = [
  400, 401, 402, 403, 404, 405, 406, 407, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 422, 424, 426, 428, 431,
  440, 444, 451, 495, 499,
];
const PASSING_CLIENT_ERRORS = [408, 420, 421, 423, 425, 429];
const FINAL_SERVER_ERRORS = [501, 505, 506, 510];
const PASSING_SERVER_ERRORS = [500, 502, 503, 504, 507, 508, 511, 520, 521, 522, 524, 525, 526, 530, 598, 599];
const OUTSIDE = [600, 777, 999];

const final = (code: number): HostileCase =>
  refused(`status-${code}`, `${code} is final`, `http_${code}`, status(code), { mostGets: 1 });
const passing = (code: number): HostileCase =>
  retried(`status-${code}`, `${code} is tried again`, `http_${code}`, status(code));
const healing = (code: number): HostileCase =>
  fetched(`status-${code}-once`, `${code} comes once, and then the file`, (body) => inTurn(status(code), whole(body)));

const rangeHeader = (start: number, end: number, total: number): string =>
  `Content-Range: bytes ${start}-${end}/${total}`;

const parts: readonly HostileCase[] = [
  fetched("status-206-whole", "a part that nobody asked for is the whole file", (body) =>
    answered(206, body, rangeHeader(0, body.length - 1, body.length)),
  ),
  retried(
    "status-206-part",
    "a part that nobody asked for is not the file",
    "unasked_part",
    answered(206, "the beginning", rangeHeader(0, 12, 99)),
  ),
  retried(
    "status-206-end",
    "the end of the file is not the file",
    "unasked_part",
    answered(206, "the end", rangeHeader(92, 98, 99)),
  ),
  retried("status-206-no-range", "a 206 says no range", "unasked_part", answered(206, "what is it?")),
  retried(
    "status-206-unknown-total",
    "a 206 does not say how long the file is",
    "unasked_part",
    answered(206, "something", "Content-Range: bytes 0-8/*"),
  ),
  retried(
    "status-206-lies",
    "a 206 says that it is whole, and its body is shorter",
    "torn_body",
    answered(206, "short", rangeHeader(0, 98, 99)),
  ),
];

const redirects: readonly HostileCase[] = [
  refused("status-300", "300 without a Location is final", "http_300", status(300)),
  fetched("status-300-location", "300 with a Location is followed", (body) =>
    byPath({ there: whole(body) }, redirect("there", 300)),
  ),
  retried("status-304", "a 304 that nobody asked for is tried again", "http_304", bare(304, 'ETag: "a"')),
  ...[305, 306, 309, 399].map((code) =>
    refused(`status-${code}`, `${code} is final, and is not followed`, `http_${code}`, redirect("there", code)),
  ),
  ...[301, 302, 303, 307, 308].map((code) =>
    refused(`status-${code}-nowhere`, `${code} without a Location is final`, "redirect_without_location", status(code)),
  ),
];

const challenges: readonly HostileCase[] = [
  ...[403, 429, 503, 200].map((code) =>
    refused(
      `challenge-cloudflare-${code}`,
      `a challenge of Cloudflare with ${code} is final`,
      "challenge_page",
      answered(code, "<html>Just a moment...</html>", "cf-mitigated: challenge", "Content-Type: text/html"),
    ),
  ),
  ...[
    [202, "challenge"],
    [405, "captcha"],
  ].map(([code, action]) =>
    refused(
      `challenge-waf-${action}`,
      `the ${action} of AWS WAF with ${code} is final`,
      "challenge_page",
      answered(Number(code), "<html>Are you a robot?</html>", `x-amzn-waf-action: ${action}`),
    ),
  ),
  fetched("challenge-none", "a header that only resembles a challenge means nothing", (body) =>
    whole(body, "cf-mitigated: none", "x-amzn-waf-action: count"),
  ),
];

export const statuses: readonly HostileCase[] = [
  fetched("status-200", "200 has the file", whole),
  fetched(
    "status-200-with-range",
    "200 is the whole file, although it names a range",
    (body) => whole(body, rangeHeader(0, 4, 99), 'ETag: "a"', "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT"),
    {
      result: { etag: '"a"', last_modified: "Sun, 06 Nov 1994 08:49:37 GMT" },
    },
  ),
  fetched("status-203", "203 has the file, as a proxy changed it", (body) => answered(203, body)),
  ...FINAL_SUCCESSES.map(final),
  refused("status-204", "204 has no file", "http_204", bare(204)),
  refused("status-205", "205 has no file", "http_205", answered(205, "")),
  retried("status-202", "202 has no file yet", "http_202", status(202)),
  fetched("status-202-once", "202 comes once, and then the file", (body) => inTurn(status(202), whole(body))),
  ...parts,
  ...redirects,
  ...FINAL_CLIENT_ERRORS.map(final),
  ...PASSING_CLIENT_ERRORS.map(passing),
  ...FINAL_SERVER_ERRORS.map(final),
  ...PASSING_SERVER_ERRORS.map(passing),
  ...OUTSIDE.map(passing),
  ...[408, 425, 429, 500, 502, 503, 504, 999].map(healing),
  ...challenges,
  ...alone([
    retried(
      "status-101",
      "a switch to a protocol that nobody asked for is tried again",
      "origin_connection_lost",
      bare(101, "Upgrade: websocket", "Connection: Upgrade"),
    ),
  ]),
  fetched("status-200-error-text", "200 is the file, whatever it says", () => whole("404 Not Found"), {
    body: Buffer.from("404 Not Found"),
  }),
  fetched("status-reason-lies", "the phrase beside the status means nothing", (body) => (_asked, reply) => {
    reply.send(`HTTP/1.1 200 Internal Server Error\r\nContent-Length: ${body.length}\r\n\r\n`).sendBody(body);
  }),
];
