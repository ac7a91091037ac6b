/** Files that come in pieces, from origins that keep their word about ranges, or give none. */
import { inTurn } from "../answers/compose.ts";
import { answered, bare, chunked, stalledAfter, tornAfter, whole } from "../answers/http.ts";
import { reset } from "../answers/raw.ts";
import { rangeText, restOf, resumable, tornEvery } from "../answers/ranges.ts";
import { bodyOf, fetched, type HostileCase } from "../case.ts";
import { md5, reprDigest } from "../answers/digest.ts";
import { LARGE, MIB, OFFERS, RANGES, SIZE, TAG, TORN_AT, tornOnce } from "./large-file.ts";

const KIB = 1024;
const other = bodyOf("resume-other-version", SIZE);

const HONEST: readonly HostileCase[] = [
  fetched("resume-3-mib", "each connection brings 3 MiB", (body) => tornEvery(3 * MIB, body, ...OFFERS), {
    ...LARGE,
    mostGets: 10,
    result: { attempts: 1 },
  }),
  fetched("resume-1-mib", "each connection brings 1 MiB", (body) => tornEvery(MIB, body, ...OFFERS), {
    ...LARGE,
    mostGets: 20,
    result: { attempts: 1 },
  }),
  fetched("resume-600-kib", "each connection brings 600 KiB", (body) => tornEvery(600 * KIB, body, ...OFFERS), {
    ...LARGE,
    mostGets: 32,
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

export const resume: readonly HostileCase[] = [...HONEST, ...NO_RANGES];
