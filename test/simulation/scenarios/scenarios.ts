import { TORN_SCENARIOS } from "./torn-scenarios.ts";
import { TURN_SCENARIOS } from "./turn-scenarios.ts";
import { ORDER_SCENARIOS } from "./order-scenarios.ts";
import { createHash } from "node:crypto";
import {
  bodyOf,
  changing,
  crashAtSecondPart,
  cutAfter,
  cutOnce,
  failedAfterPublishing,
  LARGE,
  losingStaged,
  MANY_PARTS,
  message,
  NEWER,
  one,
  onFirst,
  overwritingPart,
  racing,
  refusing,
  reopened,
  resource,
  serving,
  sleepingReconciler,
  slowRead,
  SMALL,
  TORN_BYTES,
  turningGate,
  UNRESUMABLE,
  urlOf,
  type ProvenScenario,
} from "./scenario-kinds.ts";
import { HOST_SCENARIOS } from "./host-scenarios.ts";
import { CANCEL_SCENARIOS } from "./cancel-scenarios.ts";
import { LANE_SCENARIOS } from "./lane-scenarios.ts";
import { RECOVERY_SCENARIOS } from "./recovery-scenarios.ts";
import { RANGE_SCENARIOS } from "./range-scenarios.ts";
import { LEASE_TTL_MS, LONGEST_DELAY_MS, PART_BYTES, RECONCILE_EVERY_MS } from "../services/settings.ts";

/** The scenarios of the exhaustive search: a fault of every mode strikes at every call. */
export const SCENARIOS: readonly ProvenScenario[] = [
  ...ORDER_SCENARIOS,
  ...TORN_SCENARIOS,
  one({ name: "single PUT", body: SMALL }),
  one({ name: "empty file", body: Buffer.alloc(0) }),
  one({ name: "multipart", body: LARGE }),
  one({ name: "many parts", body: MANY_PARTS }),
  one({ name: "exactly two parts", body: bodyOf(2 * PART_BYTES) }),
  one({ name: "unknown length", body: LARGE, served: { isChunked: true }, ownRefetchedBytes: UNRESUMABLE }),
  one({ name: "range resume", body: LARGE, answer: cutOnce, ownRefetchedBytes: TORN_BYTES }),
  changing("validator changed between attempts", cutAfter(PART_BYTES + 6)),
  changing("validator changed after a crash", { kind: "body" }),
  changing("validator changed, If-Range ignored", cutAfter(PART_BYTES + 6), { ignoresIfRange: true }),
  changing("validator changed, 206 without ETag", cutAfter(PART_BYTES + 6), { isRestUnnamed: true }),
  one({
    name: "Range ignored",
    body: LARGE,
    served: { ranges: false },
    answer: cutOnce,
    ownRefetchedBytes: UNRESUMABLE,
  }),
  one({
    name: "weak validator",
    body: LARGE,
    served: { validators: "weak" },
    answer: cutOnce,
    ownRefetchedBytes: UNRESUMABLE,
  }),
  one({
    name: "wrong Content-Range",
    body: LARGE,
    answer: ({ method }, nth) => {
      if (method !== "GET" || nth > 2) return { kind: "body" };
      return nth === 1 ? cutAfter(PART_BYTES + 6) : { kind: "body", fault: { kind: "wrong range" } };
    },
    ownRefetchedBytes: UNRESUMABLE,
  }),
  overwritingPart("a staged part is overwritten"),
  {
    ...one({ name: "dedupe hit", body: LARGE }),
    messages: [message("a"), message("b")],
    prepare: serving({ a: resource(LARGE), b: resource(LARGE) }),
    ends: { a: ["INDEXED", "DEDUPED"], b: ["INDEXED", "DEDUPED"] },
  },
  refusing("the bus refuses the first of two events", [true, false]),
  refusing("the bus refuses the second of two events", [false, true]),
  refusing("the bus refuses the event of two announcements", [true, false], true),
  one({ name: "duplicate delivery", body: LARGE, messages: [message("a"), message("a")] }),
  turningGate("gate at 50 %, turned off during the run", 50, 0, { a: ["INDEXED", "unguarded"], b: ["unguarded"] }),
  turningGate("gate at 50 %, fully opened during the run", 50, 100, { a: ["INDEXED"], b: ["unguarded", "INDEXED"] }),
  one({
    name: "gate turned off between two deliveries of a message",
    body: LARGE,
    gate: 50,
    answer: onFirst("GET", { kind: "status", status: 503, retryAfterS: 3 }),
    ends: { a: ["INDEXED", "unguarded"] },
    ownRefetchedBytes: UNRESUMABLE,
    onEvent: (simulation) => {
      if (simulation.accepted.areRecorded) simulation.gate.turn(0);
    },
  }),
  {
    ...one({
      name: "gate turned off between two invocations of a job",
      body: bodyOf(5 * PART_BYTES),
      ownRefetchedBytes: UNRESUMABLE,
    }),
    gate: 50,
    settings: { deadlineBufferMs: 59_400 },
    ends: { a: ["INDEXED"] },
    onEvent: (simulation) => {
      if (simulation.boundaries.length >= 13) simulation.gate.turn(0);
    },
  },
  one({
    name: "gate turned off when the first worker of a job has died",
    body: SMALL,
    gate: 50,
    ends: { a: ["INDEXED"] },
    ownRefetchedBytes: 2 * SMALL.length,
    strikes: [{ of: "worker1 ", call: "http.GET", nth: 1, fault: { kind: "crash before" } }],
    onEvent: (simulation) => {
      if (simulation.accepted.areRecorded) simulation.gate.turn(0);
    },
  }),
  one({
    name: "gate off while the reconciler runs",
    body: LARGE,
    gate: 0,
    answer: onFirst("GET", { kind: "status", status: 503, retryAfterS: RECONCILE_EVERY_MS / 1000 - 1 }),
    ends: { a: ["unguarded"] },
    ownRefetchedBytes: UNRESUMABLE,
  }),
  one({
    name: "redirect",
    body: LARGE,
    prepare: serving({ moved: resource(LARGE) }),
    answer: ({ url }) => (url === urlOf("a") ? { kind: "redirect", to: urlOf("moved") } : { kind: "body" }),
  }),
  one({ name: "HEAD refused", body: LARGE, answer: onFirst("HEAD", { kind: "status", status: 405 }) }),
  one({
    name: "429 with Retry-After",
    body: LARGE,
    answer: onFirst("GET", { kind: "status", status: 429, retryAfterS: 5 }),
    leastMs: 5000,
  }),
  one({
    name: "503 with Retry-After",
    body: LARGE,
    answer: onFirst("GET", { kind: "status", status: 503, retryAfterS: 5 }),
    leastMs: 5000,
  }),
  one({
    name: "Retry-After beyond the longest delay of a message",
    body: LARGE,
    answer: onFirst("GET", { kind: "status", status: 503, retryAfterS: (2 * LONGEST_DELAY_MS) / 1000 }),
    leastMs: 2 * LONGEST_DELAY_MS,
    dispatches: 1,
  }),
  one({
    name: "the message of a parked job comes before its time, and before its watch ends",
    body: LARGE,
    answer: onFirst("GET", { kind: "status", status: 503, retryAfterS: (2 * LONGEST_DELAY_MS) / 1000 }),
    dispatches: 1,
    skewMs: (role) => (role === "reconciler" ? 15_000 : 0),
    strikes: [{ of: "reconciler", call: "items.write", nth: 1, fault: { kind: "slow", byMs: 15_000 } }],
  }),
  one({
    name: "body shorter than its Content-Length",
    body: LARGE,
    answer: onFirst("GET", { kind: "body", fault: { kind: "wrong length" } }),
    ownRefetchedBytes: UNRESUMABLE,
  }),
  one({
    name: "body ends early without an error",
    body: LARGE,
    answer: onFirst("GET", { kind: "body", fault: { kind: "short", afterBytes: PART_BYTES + 6 } }),
    ownRefetchedBytes: TORN_BYTES,
  }),
  losingStaged("an upload is lost", 15),
  losingStaged("a staged object is lost", 19),
  one({
    name: "a job that crashes every worker",
    body: SMALL,
    settings: { retry: { maxAttempts: 3, baseMs: 1000, capMs: 10_000, longestWaitMs: 43_200_000 } },
    // At three calls, so that two other faults in their place cannot save the job.
    strikes: ["http.GET", "http.read", "staging.put"].map((call) => ({
      of: "worker",
      call,
      nth: 1,
      fault: { kind: "crash after" },
    })),
    ends: { a: ["FAILED:retries_exhausted:"] },
    published: [],
    ownRefetchedBytes: UNRESUMABLE,
  }),
  one({
    name: "retries exhausted",
    body: SMALL,
    settings: { retry: { maxAttempts: 2, baseMs: 1000, capMs: 10_000, longestWaitMs: 43_200_000 } },
    answer: ({ method }) => (method === "GET" ? { kind: "status", status: 503 } : { kind: "body" }),
    ends: { a: ["FAILED:retries_exhausted:"] },
    published: [],
  }),
  one({
    name: "an origin without ranges that always drops the connection",
    body: LARGE,
    served: { ranges: false },
    settings: { retry: { maxAttempts: 2, baseMs: 1000, capMs: 10_000, longestWaitMs: 43_200_000 } },
    answer: ({ method }) => (method === "GET" ? cutAfter(2 * PART_BYTES + 2) : { kind: "body" }),
    ends: { a: ["FAILED:retries_exhausted:"] },
    published: [],
    ownRefetchedBytes: UNRESUMABLE,
  }),
  one({
    name: "not found",
    body: SMALL,
    prepare: () => undefined,
    ends: { a: ["FAILED:http_404"] },
    published: [],
  }),
  reopened("a failed job is reopened", 1),
  reopened("a failed job is reopened, and an operator who saw an earlier failure wakes", 2, {
    operatorAtMs: [5_000, 12_000, 75_000, 110_000, 150_000, 190_000, 230_000],
    // All operators freeze after their scan. The first reopens the job, which fails again before the second wakes.
    strikes: [{ of: "operator", call: "failedJobs.page", nth: 1, fault: { kind: "freeze", forMs: 20_000 } }],
  }),
  failedAfterPublishing("a job that failed after it was published is reopened"),
  one({
    name: "digest mismatch",
    body: LARGE,
    messages: [message("a", { sha256: createHash("sha256").update(NEWER).digest("hex") })],
    ends: { a: ["FAILED:digest_mismatch"] },
    published: [],
  }),
  one({
    name: "poison message",
    body: SMALL,
    messages: ["not a message", message("a")],
    deadLetters: /^not JSON/,
  }),
  one({
    name: "recovery by a second worker",
    body: LARGE,
    strikes: [crashAtSecondPart],
    ownRefetchedBytes: 4 * PART_BYTES,
  }),
  racing("reconciler racing a live worker", LEASE_TTL_MS + 5000),
  racing("reconciler racing a live worker, with its clock five minutes ahead", 300_000),
  one({
    name: "a zombie wakes while the reconciler runs",
    body: LARGE,
    strikes: [
      {
        of: "worker1 ",
        call: "uploadPart",
        nth: 2,
        fault: { kind: "freeze", forMs: RECONCILE_EVERY_MS - 300, isClockStopped: true },
      },
    ],
    ownRefetchedBytes: 8 * PART_BYTES,
  }),
  sleepingReconciler("items.watched", 21_300),
  sleepingReconciler("items.read", 21_000),
  one({
    name: "a transfer longer than its lease",
    body: LARGE,
    strikes: [slowRead],
  }),
  one({
    name: "a lease renewed between the reconciler's read and its write",
    body: LARGE,
    strikes: [
      slowRead,
      // Renewals follow the lease: this one comes after the reconciler's read.
      { of: "worker1 ", call: "items.write", nth: 1, fault: { kind: "slow", byMs: 200 } },
      { of: "reconciler2 ", call: "items.read", nth: 1, fault: { kind: "freeze", forMs: 300 } },
    ],
    // The workers' clocks are behind, so that a lease looks expired to the reconciler soon after each renewal.
    skewMs: (role) => (role === "worker" ? 700 - LEASE_TTL_MS : 0),
    ownRefetchedBytes: 4 * PART_BYTES,
  }),
  {
    ...one({ name: "continuation across invocations", body: bodyOf(5 * PART_BYTES) }),
    // Leaves 0.6 s of each invocation's 60 s to work in.
    settings: { deadlineBufferMs: 59_400 },
    // The next invocation does not wait until the lease of the one before is over.
    mostMs: LEASE_TTL_MS / 2,
    ownRefetchedBytes: 10 * TORN_BYTES,
  },
  ...RECOVERY_SCENARIOS,
  ...RANGE_SCENARIOS,
  ...HOST_SCENARIOS,
  ...TURN_SCENARIOS,
  ...LANE_SCENARIOS,
  ...CANCEL_SCENARIOS,
];
