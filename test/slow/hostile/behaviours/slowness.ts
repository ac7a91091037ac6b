/** Origins that are silent, or slower than is bearable. The longest silence is 2 s. */
import type { Answer } from "../answers/answer.ts";
import { byMethod, delayed, inTurn, when } from "../answers/compose.ts";
import { bare, chunk, head, LAST_CHUNK, redirect, stalledAfter, whole } from "../answers/http.ts";
import { endless, hang, says } from "../answers/raw.ts";
import { bodyOf, fetched, inRun, retried, type HostileCase } from "../case.ts";

const SILENT = "origin_timeout";
const SLOW = "origin_too_slow";

function* pieces(body: Uint8Array, bytes: number): Iterable<Uint8Array> {
  for (let at = 0; at < body.length; at += bytes) yield body.subarray(at, at + bytes);
}

/** Sends the body in pieces of so many bytes, each after a pause. */
const dripped =
  (body: Uint8Array, bytes: number, everyMs: number): Answer =>
  (asked, reply) => {
    bare(200, `Content-Length: ${body.length}`)(asked, reply);
    if (asked.method !== "HEAD") reply.every(everyMs, pieces(body, bytes));
  };

/** Never ends. */
const trickle = (headers: readonly string[], piece: string | Uint8Array, everyMs: number): Answer =>
  byMethod(says(head(200)), (_asked, reply) => {
    reply.send(head(200, headers));
    reply.every(everyMs, endless(piece));
  });

const large = bodyOf("slow-large", 100_000);
const half = (body: Uint8Array): Answer => stalledAfter(body.length / 2, body);

const usual: readonly HostileCase[] = [
  retried("slow-silent", "GET gets no answer", SILENT, byMethod(whole(""), hang), { alone: true }),
  retried("slow-all-silent", "neither HEAD nor GET gets an answer", SILENT, hang, { alone: true }),
  retried("slow-no-body", "no byte of the body comes", SILENT, stalledAfter(0, large)),
  retried("slow-half-a-body", "the body stops half way", SILENT, half(large)),
  retried("slow-last-byte", "the last byte never comes", SILENT, stalledAfter(large.length - 1, large)),
  retried(
    "slow-no-last-chunk",
    "the last chunk never comes",
    SILENT,
    says(head(200, ["Transfer-Encoding: chunked"]), chunk("hello")),
  ),
  retried("slow-never-closed", "a body that ends with the connection never ends", SILENT, says(head(200), "hello")),
  retried(
    "slow-after-redirect",
    "nothing comes after a redirect",
    SILENT,
    when(({ rest }) => rest === "there", hang, redirect("there")),
    { alone: true },
  ),
  retried("slow-1-byte", "a byte comes every 100 ms", SLOW, dripped(large, 1, 100)),
  retried(
    "slow-1-chunk",
    "a chunk of a byte comes every 100 ms",
    SLOW,
    trickle(["Transfer-Encoding: chunked"], chunk("x"), 100),
  ),
  retried("slow-unmeasured", "a byte comes every 100 ms, and nobody knows how many", SLOW, trickle([], "x", 100)),
  retried("slow-just-in-time", "a byte comes just before each silence is too long", SLOW, dripped(large, 1, 600)),
  retried("slow-300-bytes", "300 bytes come in a second", SLOW, dripped(large, 30, 100)),
  retried(
    "slow-empty-lines",
    "a chunk's size comes a digit at a time, without an end",
    SILENT,
    trickle(["Transfer-Encoding: chunked"], "0", 400),
  ),
  fetched("slow-once", "the first answer never comes, and the second does", (body) => inTurn(hang, whole(body))),
  fetched("slow-half-once", "the first body stops half way, and the second does not", (body) =>
    inTurn(half(body), whole(body)),
  ),
  fetched("slow-trickle-once", "the first body trickles, and the second does not", (body) =>
    inTurn(dripped(large, 1, 100), whole(body)),
  ),
  fetched("slow-enough", "10,000 bytes come in a second, for two seconds", (body) => dripped(body, 1000, 100), {
    bytes: 20_000,
  }),
  fetched("slow-pauses", "pauses of half a second are no silence", (body) => dripped(body, 4000, 500), {
    bytes: 16_000,
  }),
  fetched("slow-start", "the body begins after half a second", (body) => dripped(body, body.length, 500)),
  fetched(
    "slow-short",
    "a body of 10 bytes comes in two pieces, slowly, and is whole in time",
    (body) => dripped(body, 5, 300),
    { bytes: 10 },
  ),
  fetched("slow-head", "the head comes after half a second", (body) => delayed(500, whole(body))),
  fetched("slow-kept-open", "the connection stays open after the last chunk", (body) =>
    says(head(200, ["Transfer-Encoding: chunked"]), chunk(body), LAST_CHUNK),
  ),
];

/** No least speed is asked for. */
const patient: readonly HostileCase[] = [
  fetched(
    "patient-1-byte",
    "a byte comes every 200 ms, and the file is whole in the end",
    (body) => dripped(body, 1, 200),
    { bytes: 15 },
  ),
  fetched(
    "patient-chunks",
    "a chunk comes every 300 ms",
    (body) => (asked, reply) => {
      bare(200, "Transfer-Encoding: chunked")(asked, reply);
      if (asked.method !== "HEAD") reply.every(300, [...[...pieces(body, 5)].map(chunk), LAST_CHUNK]);
    },
    { bytes: 50 },
  ),
  retried("patient-silent", "a byte comes every 200 ms, and then none", SILENT, (asked, reply) => {
    bare(200, "Content-Length: 100")(asked, reply);
    if (asked.method !== "HEAD") reply.every(200, "hello");
  }),
];

export const slowness: readonly HostileCase[] = [...usual, ...inRun("patient", patient)];
