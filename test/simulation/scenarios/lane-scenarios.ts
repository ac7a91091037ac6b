/** Scenarios of the two lanes: bodies that show to be long by their length or by their time, and some that do not. */
import { PART_BYTES } from "../services/settings.ts";
import {
  bodyOf,
  crashAtSecondPart,
  LARGE,
  MANY_PARTS,
  message,
  one,
  onFirst,
  resource,
  serving,
  SMALL,
  TORN_BYTES,
  UNRESUMABLE,
  type ProvenScenario,
} from "./scenario-kinds.ts";

/** No body of these scenarios is as long. */
const ANY_LENGTH = 10_000;
const SHORT_LANE_MS = 4000;
/** Longer than a half of the time, and shorter than all of it. */
const STOPS_MS = 3000;

const BY_LENGTH = { shortLane: { longFromBytes: LARGE.length, shortLaneMs: 60_000 } };
/** Some pieces fit, and some do not. */
const BY_TIME = { shortLane: { longFromBytes: ANY_LENGTH, shortLaneMs: 500 } };
const slowRead = (byMs: number, of = "worker1 ") => ({
  of,
  call: "http.read",
  nth: 4,
  fault: { kind: "slow", byMs } as const,
});
const HEAD_REFUSED = onFirst("HEAD", { kind: "status", status: 405 });
const stopping = { leastBytesPerSecond: 1, overMs: 60_000, partMs: Number.POSITIVE_INFINITY };

export const LANE_SCENARIOS: readonly ProvenScenario[] = [
  one({ name: "HEAD shows a long body", body: LARGE, settings: BY_LENGTH, handsOver: true }),
  one({
    name: "GET shows a long body",
    body: LARGE,
    settings: BY_LENGTH,
    answer: HEAD_REFUSED,
    handsOver: true,
  }),
  one({ name: "a body is just not long", body: bodyOf(LARGE.length - 1), settings: BY_LENGTH, handsOver: false }),
  {
    ...one({ name: "a long body among short ones", body: LARGE, settings: BY_LENGTH, handsOver: true }),
    messages: [message("a"), message("b"), message("c")],
    prepare: serving({ a: resource(SMALL), b: resource(LARGE), c: resource(bodyOf(PART_BYTES, "c")) }),
    published: [[SMALL], [LARGE], [bodyOf(PART_BYTES, "c")]],
    ends: { a: ["INDEXED"], b: ["INDEXED"], c: ["INDEXED"] },
  },
  one({
    name: "two messages of a long body",
    body: LARGE,
    messages: [message("a"), message("a")],
    settings: BY_LENGTH,
    handsOver: true,
  }),
  one({
    name: "a late duplicate of a long body",
    body: MANY_PARTS,
    messages: [message("a"), message("a")],
    lastMessageAfterMs: 1500,
    settings: BY_LENGTH,
    handsOver: true,
  }),
  one({
    name: "a transfer shows to be long",
    body: MANY_PARTS,
    settings: BY_TIME,
    handsOver: true,
    ownRefetchedBytes: 2 * TORN_BYTES,
  }),
  one({
    name: "a transfer that was resumed shows to be long",
    body: MANY_PARTS,
    settings: BY_TIME,
    strikes: [crashAtSecondPart],
    handsOver: true,
    ownRefetchedBytes: 4 * PART_BYTES + 2 * TORN_BYTES,
  }),
  one({
    name: "a transfer shows to be long, and cannot be resumed",
    body: MANY_PARTS,
    served: { isChunked: true },
    settings: BY_TIME,
    handsOver: true,
    ownRefetchedBytes: UNRESUMABLE,
  }),
  one({
    name: "the invocation of the short lane ends",
    body: bodyOf(5 * PART_BYTES),
    settings: { ...BY_TIME, shortLane: { longFromBytes: ANY_LENGTH, shortLaneMs: 60_000 }, deadlineBufferMs: 59_400 },
    handsOver: true,
    ownRefetchedBytes: 10 * TORN_BYTES,
  }),
  one({
    name: "a body that has stopped is no long one",
    body: LARGE,
    settings: { shortLane: { longFromBytes: ANY_LENGTH, shortLaneMs: SHORT_LANE_MS }, pace: stopping },
    strikes: [slowRead(2 * SHORT_LANE_MS)],
    handsOver: false,
    ownRefetchedBytes: 2 * TORN_BYTES,
  }),
  one({
    name: "a body that goes on after a pause is a long one",
    body: MANY_PARTS,
    settings: { shortLane: { longFromBytes: ANY_LENGTH, shortLaneMs: SHORT_LANE_MS }, pace: stopping },
    strikes: [slowRead(STOPS_MS), { ...slowRead(STOPS_MS), nth: 8 }],
    handsOver: true,
    ownRefetchedBytes: 2 * TORN_BYTES,
  }),
  one({
    name: "a crash in the long lane",
    body: MANY_PARTS,
    settings: BY_LENGTH,
    strikes: [{ ...crashAtSecondPart, of: "worker2 " }],
    handsOver: true,
    ownRefetchedBytes: 4 * PART_BYTES,
  }),
  one({
    name: "a retry in the long lane",
    body: LARGE,
    settings: BY_LENGTH,
    answer: onFirst("GET", { kind: "status", status: 503, retryAfterS: 5 }),
    handsOver: true,
    leastMs: 5000,
  }),
  one({
    name: "a long body on the unguarded path",
    body: LARGE,
    gate: 0,
    settings: BY_LENGTH,
    ends: { a: ["unguarded"] },
    ownRefetchedBytes: UNRESUMABLE,
  }),
  one({
    name: "a transfer on the unguarded path shows to be long",
    body: MANY_PARTS,
    gate: 0,
    settings: BY_TIME,
    ends: { a: ["unguarded"] },
    ownRefetchedBytes: UNRESUMABLE,
  }),
];
