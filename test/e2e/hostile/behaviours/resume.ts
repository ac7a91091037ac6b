/** Files of 12 MiB that come in pieces, from origins that keep their word about ranges, and from others. */
import type { Answer } from "../answers/answer.ts";
import { byMethod, inTurn, when } from "../answers/compose.ts";
import {
  answered,
  bare,
  chunked,
  stalledAfter,
  status,
  tornAfter,
  untilClosed,
  whole,
  type Header,
} from "../answers/http.ts";
import { reset } from "../answers/raw.ts";
import { rangeText, restOf, resumable, startOf, tornEvery, type Rest } from "../answers/ranges.ts";
import { bodyOf, fetched, retried, type HostileCase } from "../case.ts";
import { md5, reprDigest } from "../answers/digest.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const SIZE = 12 * MIB + 5;
const TORN_AT = 9 * MIB;
const LARGE = { bytes: SIZE };

const TAG = 'ETag: "one"';
const RANGES = "Accept-Ranges: bytes";
const OFFERS: readonly Header[] = [TAG, RANGES];
const LOST = "origin_connection_lost";

/** The first answer breaks off; the second without a range is whole. A range gets what is given. */
const tornOnce = (body: Buffer, rest: Rest, ...headers: readonly Header[]): Answer =>
  resumable(inTurn(tornAfter(TORN_AT, body, ...headers), whole(body, ...headers)), rest);

/** A range is answered with a part that is wrong in one way. */
const wrongPart =
  (part: (start: number, body: Buffer) => Answer) =>
  (body: Buffer): Answer =>
    tornOnce(body, (start) => part(start, body), ...OFFERS);

const other = bodyOf("resume-other-version", SIZE);
const OTHER_TAG = 'ETag: "two"';
const contentRange = (text: string): string => `Content-Range: bytes ${text}`;

const HONEST: readonly HostileCase[] = [
  fetched("resume-3-mib", "each connection brings 3 MiB", (body) => tornEvery(3 * MIB, body, ...OFFERS), {
    ...LARGE,
    mostGets: 6,
    result: { attempts: 1 },
  }),
  fetched("resume-1-mib", "each connection brings 1 MiB", (body) => tornEvery(MIB, body, ...OFFERS), {
    ...LARGE,
    mostGets: 14,
    result: { attempts: 1 },
  }),
  fetched("resume-600-kib", "each connection brings 600 KiB", (body) => tornEvery(600 * KIB, body, ...OFFERS), {
    ...LARGE,
    mostGets: 22,
    result: { attempts: 1 },
  }),
  fetched(
    "resume-date",
    "the version is a date",
    (body) =>
      tornEvery(
        5 * MIB,
        body,
        RANGES,
        "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT",
        () => `Date: ${new Date().toUTCString()}`,
      ),
    LARGE,
  ),
  fetched(
    "resume-stalls",
    "each connection brings 5 MiB and falls silent",
    (body) =>
      resumable(stalledAfter(5 * MIB, body, ...OFFERS), (start) => (asked, reply) => {
        bare(206, `Content-Length: ${body.length - start}`, rangeText(start, body), ...OFFERS)(asked, reply);
        reply.sendBody(body.subarray(start, start + 5 * MIB));
      }),
    LARGE,
  ),
  fetched(
    "resume-small",
    "a small file always breaks off half way, and the rest is there for a range",
    (body) => resumable(tornAfter(50_000, body, ...OFFERS), restOf(body, ...OFFERS)),
    { bytes: 100_000 },
  ),
  fetched(
    "resume-last-byte",
    "the last byte is always missing, and there for a range",
    (body) => resumable(tornAfter(SIZE - 1, body, ...OFFERS), restOf(body, ...OFFERS)),
    LARGE,
  ),
  fetched(
    "resume-reset-between",
    "the connection that should bring the rest is reset once",
    (body) =>
      resumable(inTurn(tornAfter(TORN_AT, body, ...OFFERS), reset, whole(body, ...OFFERS)), restOf(body, ...OFFERS)),
    LARGE,
  ),
  fetched(
    "resume-part-digest",
    "the digest of a part is that of the part",
    (body) =>
      tornOnce(
        body,
        (start) =>
          answered(
            206,
            body.subarray(start),
            rangeText(start, body),
            ...OFFERS,
            `Content-MD5: ${md5(body.subarray(start))}`,
          ),
        ...OFFERS,
      ),
    LARGE,
  ),
  fetched(
    "resume-repr-digest",
    "the digest of the file comes with each part",
    (body) => tornEvery(5 * MIB, body, ...OFFERS, reprDigest(body)),
    LARGE,
  ),
];

const NO_RANGES: readonly HostileCase[] = [
  fetched(
    "resume-none",
    "ranges are not offered",
    (body) => inTurn(tornAfter(TORN_AT, body, "Accept-Ranges: none"), whole(body)),
    LARGE,
  ),
  fetched(
    "resume-ignored",
    "ranges are offered, and answered with the whole",
    (body) => tornOnce(body, () => whole(body, ...OFFERS), ...OFFERS),
    LARGE,
  ),
  fetched(
    "resume-chunked",
    "the length is unknown",
    (body) =>
      inTurn(
        (asked, reply) => {
          bare(200, "Transfer-Encoding: chunked", TAG)(asked, reply);
          reply
            .sendBody(`${SIZE.toString(16)}\r\n`)
            .sendBody(body.subarray(0, TORN_AT))
            .close();
        },
        chunked(body, TAG),
      ),
    LARGE,
  ),
  fetched(
    "resume-weak",
    "the ETag is weak, and the file has changed",
    (body) => {
      const weak = 'ETag: W/"one"';
      return resumable(inTurn(tornAfter(TORN_AT, other, weak, RANGES), whole(body, weak, RANGES)), restOf(body, weak));
    },
    LARGE,
  ),
  fetched(
    "resume-no-validator",
    "there is no version, and the file has changed",
    (body) => resumable(inTurn(tornAfter(TORN_AT, other, RANGES), whole(body, RANGES)), restOf(body)),
    LARGE,
  ),
  fetched(
    "resume-young-date",
    "the version is the date of this second, and the file has changed",
    (body) => {
      const now = (): string => `Last-Modified: ${new Date().toUTCString()}`;
      const date = (): string => `Date: ${new Date().toUTCString()}`;
      return resumable(
        inTurn(tornAfter(TORN_AT, other, RANGES, now, date), whole(body, RANGES, now, date)),
        restOf(body, now, date),
      );
    },
    LARGE,
  ),
];

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
  ["empty", "is empty", (start, body) => answered(206, "", rangeText(start, body), ...OFFERS)],
  [
    "short",
    "ends too early, with a length that is right",
    (start, body) => answered(206, body.subarray(start, start + 1000), rangeText(start, body), ...OFFERS),
  ],
];

const BROKEN: readonly HostileCase[] = [
  ...LIES.map(([name, what, part]) => fetched(`resume-lie-${name}`, `a part ${what}`, wrongPart(part), LARGE)),
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
    { mostGets: 12 },
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

export const resume: readonly HostileCase[] = [...HONEST, ...NO_RANGES, ...BROKEN];
