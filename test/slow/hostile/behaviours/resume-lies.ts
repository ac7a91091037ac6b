/** Parts of a file that are not what was asked for, and files that change meanwhile. */
import type { Answer } from "../answers/answer.ts";
import { byMethod, inTurn, when } from "../answers/compose.ts";
import { answered, bare, status, tornAfter, untilClosed, whole } from "../answers/http.ts";
import { rangeText, restOf, resumable, startOf, tornEvery } from "../answers/ranges.ts";
import { bodyOf, fetched, retried, type HostileCase } from "../case.ts";
import { reprDigest } from "../answers/digest.ts";
import { LARGE, MIB, OFFERS, RANGES, SIZE, TAG, TORN_AT, tornOnce } from "./large-file.ts";

const KIB = 1024;
const LOST = "origin_connection_lost";
const other = bodyOf("resume-other-version", SIZE);
const OTHER_TAG = 'ETag: "two"';
const contentRange = (text: string): string => `Content-Range: bytes ${text}`;

/** A range is answered with a part that is wrong in one way. */
const wrongPart =
  (part: (start: number, body: Buffer) => Answer) =>
  (body: Buffer): Answer =>
    tornOnce(body, (start) => part(start, body), ...OFFERS);

const LIES: readonly (readonly [name: string, what: string, part: (start: number, body: Buffer) => Answer])[] = [
  [
    "start",
    "starts a byte too late",
    (start, body) =>
      answered(206, body.subarray(start + 1), contentRange(`${start + 1}-${SIZE - 1}/${SIZE}`), ...OFFERS),
  ],
  [
    "from-zero",
    "starts at the beginning",
    (_start, body) => answered(206, body, contentRange(`0-${SIZE - 1}/${SIZE}`), ...OFFERS),
  ],
  [
    "total",
    "belongs to a longer file",
    (start, body) => answered(206, body.subarray(start), contentRange(`${start}-${SIZE - 1}/${SIZE + 9}`), ...OFFERS),
  ],
  [
    "unknown-total",
    "belongs to a file of unknown length",
    (start, body) => answered(206, body.subarray(start), contentRange(`${start}-${SIZE - 1}/*`), ...OFFERS),
  ],
  ["no-range", "does not say where it starts", (start, body) => answered(206, body.subarray(start), ...OFFERS)],
  [
    "bad-range",
    "starts at a word",
    (start, body) => answered(206, body.subarray(start), contentRange("here-there/all"), ...OFFERS),
  ],
  [
    "other-unit",
    "is counted in pages",
    (start, body) =>
      answered(206, body.subarray(start), `Content-Range: pages ${start}-${SIZE - 1}/${SIZE}`, ...OFFERS),
  ],
  [
    "other-etag",
    "has another version",
    (start) => answered(206, other.subarray(start), rangeText(start, other), OTHER_TAG, RANGES),
  ],
  [
    "multipart",
    "is wrapped in a multipart body",
    (start, body) =>
      answered(
        206,
        Buffer.concat([Buffer.from("--b\r\n\r\n"), body.subarray(start), Buffer.from("\r\n--b--")]),
        "Content-Type: multipart/byteranges; boundary=b",
        TAG,
      ),
  ],
  [
    "encoded",
    "is suddenly encoded",
    (start, body) => answered(206, body.subarray(start), rangeText(start, body), "Content-Encoding: gzip", ...OFFERS),
  ],
  ["416", "is refused as not satisfiable", () => status(416, `Content-Range: bytes */${SIZE}`)],
  ["416-shorter", "is refused, since the file is now shorter", () => status(416, "Content-Range: bytes */7")],
];

/** Nothing but the missing bytes tells. */
const LIES_ONCE: typeof LIES = [
  ["empty", "is empty", (start, body) => answered(206, "", rangeText(start, body), ...OFFERS)],
  [
    "short",
    "ends too early, with a length that is right",
    (start, body) => answered(206, body.subarray(start, start + 1000), rangeText(start, body), ...OFFERS),
  ],
];

export const resumeLies: readonly HostileCase[] = [
  ...LIES.map(([name, what, part]) => fetched(`resume-lie-${name}`, `a part ${what}`, wrongPart(part), LARGE)),
  ...LIES_ONCE.map(([name, what, part]) =>
    fetched(
      `resume-lie-${name}`,
      `a part ${what}, once`,
      (body) =>
        tornOnce(
          body,
          (start) => when(({ nth }) => nth === 2, part(start, body), restOf(body, ...OFFERS)(start)),
          ...OFFERS,
        ),
      LARGE,
    ),
  ),
  fetched(
    "resume-changed",
    "the file changes meanwhile, and the new one comes whole",
    (body) =>
      resumable(inTurn(tornAfter(TORN_AT, other, OTHER_TAG, RANGES), whole(body, ...OFFERS)), () =>
        whole(body, ...OFFERS),
      ),
    LARGE,
  ),
  fetched(
    "resume-changed-shorter",
    "the file changes meanwhile, and the new one is shorter",
    (body) =>
      resumable(inTurn(tornAfter(TORN_AT, other, OTHER_TAG, RANGES), whole(body, ...OFFERS)), () =>
        whole(body, ...OFFERS),
      ),
    { bytes: 1000 },
  ),
  fetched(
    "resume-changed-often",
    "each connection has another version, and the last one is whole",
    (body) =>
      byMethod(status(405), (asked, reply) => {
        if (asked.nth > 3) whole(body, ...OFFERS)(asked, reply);
        else tornAfter(TORN_AT, bodyOf(`version ${asked.nth}`, SIZE), `ETag: "v${asked.nth}"`, RANGES)(asked, reply);
      }),
    LARGE,
  ),
  fetched(
    "resume-wrong-bytes",
    "the rest has other bytes, which the file's digest tells",
    (body) =>
      tornOnce(
        body,
        (start) => answered(206, other.subarray(start), rangeText(start, other), ...OFFERS),
        ...OFFERS,
        reprDigest(body),
      ),
    LARGE,
  ),
  fetched(
    "resume-500",
    "the rest fails with a 500 once",
    (body) =>
      resumable(
        inTurn(tornAfter(TORN_AT, body, ...OFFERS), status(500), whole(body, ...OFFERS)),
        restOf(body, ...OFFERS),
      ),
    LARGE,
  ),
  fetched(
    "resume-until-closed",
    "the rest has no length of its own",
    (body) =>
      tornOnce(
        body,
        (start) => (asked, reply) => {
          bare(206, rangeText(start, body), ...OFFERS)(asked, reply);
          reply.sendBody(body.subarray(start)).close();
        },
        ...OFFERS,
      ),
    LARGE,
  ),
  fetched(
    "resume-unmeasured-torn",
    "a body without a length breaks off by a reset",
    (body) =>
      inTurn((asked, reply) => {
        bare(200, TAG)(asked, reply);
        reply.sendBody(body.subarray(0, MIB)).reset();
      }, untilClosed(body)),
    LARGE,
  ),
  retried(
    "resume-64-kib",
    "each connection brings 64 KiB, and that is too little",
    LOST,
    tornEvery(64 * KIB, other, ...OFFERS),
    { mostGets: 8 },
  ),
  retried("resume-nothing", "no connection brings a byte of the body", LOST, tornEvery(0, other, ...OFFERS), {
    mostGets: 8,
  }),
  retried(
    "resume-torn-whole",
    "each answer is whole again, and breaks off",
    LOST,
    tornAfter(TORN_AT, other, ...OFFERS),
    // The first attempt brought the file on.
    { mostGets: 12, result: { attempts: 3 } },
  ),
  fetched(
    "resume-if-range",
    "the rest is given only to who names the version",
    (body) =>
      tornOnce(
        body,
        (start) =>
          when(
            ({ headers }) => headers.get("if-range") === '"one"',
            restOf(body, ...OFFERS)(start),
            whole(other, OTHER_TAG),
          ),
        ...OFFERS,
      ),
    LARGE,
  ),
  fetched(
    "resume-once-more",
    "the beginning is never asked for twice",
    (body) =>
      when(
        (asked) => asked.method === "GET" && asked.nth > 1 && startOf(asked) === undefined,
        status(410),
        resumable(tornAfter(TORN_AT, body, ...OFFERS), restOf(body, ...OFFERS)),
      ),
    LARGE,
  ),
];
