/** When an origin asks to come back later. The longest wait is 2 s; attempts are 2. */
import { byPath, inTurn } from "../answers/compose.ts";
import { redirect, status, whole, type Header } from "../answers/http.ts";
import { fetched, refused, retried, type HostileCase } from "../case.ts";

const inSeconds = (seconds: number): Date => new Date(Date.now() + seconds * 1000);
const pad = (number: number): string => String(number).padStart(2, "0");
const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const time = (date: Date): string => date.toISOString().slice(11, 19);
const month = (date: Date): string => date.toUTCString().slice(8, 11);
const day = (date: Date): string => DAYS[date.getUTCDay()] ?? "";

/** `Sunday, 06-Nov-94 08:49:37 GMT` */
const rfc850 = (date: Date): string =>
  `${day(date)}, ${pad(date.getUTCDate())}-${month(date)}-${pad(date.getUTCFullYear() % 100)} ${time(date)} GMT`;
/** `Sun Nov  6 08:49:37 1994` */
const asctime = (date: Date): string =>
  `${day(date).slice(0, 3)} ${month(date)} ${String(date.getUTCDate()).padStart(2)} ${time(date)} ${date.getUTCFullYear()}`;
const epoch = (date: Date): number => Math.ceil(date.getTime() / 1000);

const retryAfter =
  (value: (now: Date) => string): Header =>
  () =>
    `Retry-After: ${value(new Date())}`;
const plain = (value: string): Header => `Retry-After: ${value}`;

/** 403 is final without them: with them, the URL is tried again. */
const VALID: readonly (readonly [name: string, what: string, ...headers: readonly Header[]])[] = [
  ["seconds", "Retry-After is a second", plain("1")],
  ["padded", "Retry-After is 0001", plain("0001")],
  ["date", "Retry-After is a date", retryAfter(() => inSeconds(2).toUTCString())],
  ["rfc850", "Retry-After is a date as of RFC 850", retryAfter(() => rfc850(inSeconds(2)))],
  ["asctime", "Retry-After is a date as of asctime", retryAfter(() => asctime(inSeconds(2)))],
  ["hour", "Retry-After is an hour, and more than is waited", plain("3600")],
  [
    "epoch",
    "Retry-After is seconds since 1970, and more than is waited",
    retryAfter(() => String(epoch(inSeconds(60)))),
  ],
  ["huge", "Retry-After has 30 digits", plain("9".repeat(30))],
  ["far-date", "Retry-After is the year 2090", plain("Sun, 31 Dec 2090 23:59:59 GMT")],
  [
    "github",
    "no request remains until an instant",
    "X-RateLimit-Limit: 60",
    "X-RateLimit-Remaining: 0",
    () => `X-RateLimit-Reset: ${epoch(inSeconds(1))}`,
  ],
  ["triple", "no request remains for a second", "RateLimit-Limit: 100", "RateLimit-Remaining: 0", "RateLimit-Reset: 1"],
  ["draft-7", "no request remains, in one header", "RateLimit: limit=100, remaining=0, reset=1"],
  [
    "draft-10",
    "no request remains, in a structured header",
    'RateLimit-Policy: "default";q=100;w=60',
    'RateLimit: "default";r=0;t=1',
  ],
];

/** As if they were absent. */
const INVALID: readonly (readonly [name: string, what: string, ...headers: readonly Header[]])[] = [
  ["zero", "Retry-After is 0", plain("0")],
  ["negative", "Retry-After is negative", plain("-5")],
  ["fraction", "Retry-After is a fraction", plain("1.5")],
  ["list", "Retry-After is a list", plain("5, 5")],
  ["words", "Retry-After is text", plain("in a minute")],
  ["unit", "Retry-After has a unit", plain("5s")],
  ["hexadecimal", "Retry-After is hexadecimal", plain("0x10")],
  ["exponent", "Retry-After has an exponent", plain("1e1")],
  ["empty", "Retry-After is empty", plain("")],
  ["past", "Retry-After is a date of the past", plain("Sun, 06 Nov 1994 08:49:37 GMT")],
  ["iso", "Retry-After is an ISO date", plain("2090-01-01T00:00:00Z")],
  ["local", "Retry-After is a date of another time zone", plain("Sun, 31 Dec 2090 23:59:59 +0200")],
  ["year", "Retry-After is what might be taken for a year", plain("-2090")],
  ["remaining", "requests remain", "X-RateLimit-Remaining: 12", () => `X-RateLimit-Reset: ${epoch(inSeconds(1))}`],
  ["remaining-structured", "requests remain, in a structured header", 'RateLimit: "default";r=3;t=1'],
  ["no-remaining", "nobody says how many requests remain", "RateLimit-Reset: 1"],
];

const OFTEN = [400, 404, 409, 410, 451, 501];

export const waits: readonly HostileCase[] = [
  ...VALID.map(([name, what, ...headers]) =>
    fetched(`wait-${name}`, `a 403 is tried again: ${what}`, (body) => inTurn(status(403, ...headers), whole(body)), {
      result: { attempts: 2 },
    }),
  ),
  ...INVALID.map(([name, what, ...headers]) =>
    refused(`wait-not-${name}`, `a 403 is final: ${what}`, "http_403", status(403, ...headers), { mostGets: 1 }),
  ),
  ...INVALID.slice(0, 8).map(([name, what, ...headers]) =>
    fetched(
      `wait-503-${name}`,
      `a 503 is tried again: ${what}`,
      (body) => inTurn(status(503, ...headers), whole(body)),
      {
        result: { attempts: 2 },
      },
    ),
  ),
  ...OFTEN.map((code) =>
    retried(`wait-${code}`, `a ${code} with a Retry-After is tried again`, `http_${code}`, status(code, plain("1"))),
  ),
  retried("wait-429", "a 429 that asks for an hour each time fails in the end", "http_429", status(429, plain("3600"))),
  retried(
    "wait-503",
    "a 503 that asks for the year 2090 fails in the end",
    "http_503",
    status(503, plain("Sun, 31 Dec 2090 23:59:59 GMT")),
  ),
  fetched("wait-200", "a Retry-After of a 200 means nothing", (body) => whole(body, plain("3600")), {
    result: { attempts: 1 },
  }),
  fetched(
    "wait-redirect",
    "a redirect with a Retry-After is followed",
    (body) => byPath({ there: whole(body) }, redirect("there", 302, plain("3600"))),
    { result: { attempts: 1 } },
  ),
  fetched(
    "wait-200-limit",
    "a 200 that used up the last request is the file",
    (body) => whole(body, "X-RateLimit-Remaining: 0", () => `X-RateLimit-Reset: ${epoch(inSeconds(3600))}`),
    {
      result: { attempts: 1 },
    },
  ),
];
