import { createHash } from "node:crypto";
import type { JobMessage } from "../../core/message.ts";
import type { OriginAnswer, Resource, SimulatedOrigin } from "./origin.ts";
import type { Fault } from "./process.ts";
import { LEASE_TTL_MS, PART_BYTES, RECONCILE_EVERY_MS, type Scenario, type Simulation } from "./simulation.ts";

/** How a job may end: `INDEXED`, `DEDUPED`, `FAILED:` and how its reason begins, or `plain`: without a record. */
export type End = string;

interface OwnStrike {
  /** How the process's name begins. */
  readonly of: string;
  readonly call: string;
  readonly nth: number;
  readonly fault: Fault;
}

/** A course of events, and what must have come of it whatever struck on the way. */
export interface ProvenScenario extends Scenario {
  readonly name: string;
  /** Per artifact, the ends it may come to. */
  readonly ends: Readonly<Record<string, readonly End[]>>;
  /** Per object that must be there in the end, the bodies it may have: those of one version. */
  readonly published: readonly (readonly Buffer[])[];
  /** Bytes that the scenario itself makes the origin send twice. */
  readonly ownRefetchedBytes: number;
  /** Why a message may end among the dead letters. */
  readonly deadLetters?: RegExp;
  /** Trouble that belongs to the scenario: its recoveries are boundaries like any other. */
  readonly strikes?: readonly OwnStrike[];
  /** It takes at least so long by itself: the origin wished so. */
  readonly leastMs?: number;
  readonly skewMs?: (role: string) => number;
}

const ORIGIN = "https://origin.example/";
const urlOf = (artifact: string): string => ORIGIN + artifact;
const message = (artifact: string, more: Partial<JobMessage> = {}): JobMessage => ({
  work_id: "work",
  artifact_id: artifact,
  url: urlOf(artifact),
  ...more,
});

const bodyOf = (bytes: number, letter = "a"): Buffer =>
  Buffer.from(
    Array.from({ length: bytes }, (_, at) => `${letter}${String(at)}.`)
      .join("")
      .slice(0, bytes),
  );
const SMALL = bodyOf(PART_BYTES - 1);
/** Two parts and a bit. */
const LARGE = bodyOf(2 * PART_BYTES + 4);
const MANY_PARTS = bodyOf(8 * PART_BYTES + 3);
const NEWER = bodyOf(2 * PART_BYTES + 4, "b");

const resource = (body: Buffer, more: Partial<Resource> = {}): Resource => ({
  versions: [body],
  validators: "strong",
  ranges: true,
  isChunked: false,
  ...more,
});
const serving =
  (bodies: Readonly<Record<string, Resource>>) =>
  (origin: SimulatedOrigin): void => {
    for (const [artifact, served] of Object.entries(bodies)) {
      origin.resources.set(urlOf(artifact), { ...served, versions: [...served.versions] });
    }
  };

interface One extends Partial<ProvenScenario> {
  readonly name: string;
  readonly body: Buffer;
  readonly served?: Partial<Resource>;
}

/** One artifact from one origin; resumable, and published under one index entry, unless said otherwise. */
const one = ({ body, served, ...more }: One): ProvenScenario => ({
  messages: [message("a")],
  prepare: serving({ a: resource(body, served) }),
  ends: { a: ["INDEXED"] },
  published: [[body]],
  ownRefetchedBytes: 0,
  ...more,
});

const onFirst =
  (method: "HEAD" | "GET", answer: OriginAnswer) =>
  (request: { readonly method: string }, nth: number): OriginAnswer =>
    request.method === method && nth === 1 ? answer : { kind: "body" };

const cutAfter = (afterBytes: number): OriginAnswer => ({ kind: "body", fault: { kind: "cut", afterBytes } });
const cutOnce = onFirst("GET", cutAfter(PART_BYTES + 6));
/** What a torn connection costs: the part being read, and the piece that came last. */
const TORN_BYTES = PART_BYTES + 5;
/** The origin allows no resuming: each attempt fetches everything. */
const UNRESUMABLE = Number.POSITIVE_INFINITY;

/** The origin has another version from its second GET on. */
const changing = (name: string, first: OriginAnswer, served: Partial<Resource> = {}): ProvenScenario => ({
  ...one({ name, body: LARGE, served, ownRefetchedBytes: UNRESUMABLE }),
  published: [[LARGE, NEWER]],
  answer: ({ method, url }, nth, origin) => {
    if (method === "GET" && nth === 2) origin.resources.get(url)?.versions.push(NEWER);
    return method === "GET" && nth === 1 ? first : { kind: "body" };
  },
});

const crashAtSecondPart: OwnStrike = { of: "worker1 ", call: "uploadPart", nth: 2, fault: { kind: "crash after" } };

const slowRead: OwnStrike = {
  of: "worker1 ",
  call: "http.read",
  nth: 3,
  fault: { kind: "slow", byMs: 2 * LEASE_TTL_MS + 3000 },
};

/** The reconciler stands still at a call while the next one does its work, and wakes while the second worker is at its. */
const sleepingReconciler = (call: string, forMs: number): ProvenScenario =>
  one({
    name: `a reconciler asleep at ${call} wakes over a job that is leased again`,
    body: MANY_PARTS,
    strikes: [crashAtSecondPart, { of: "reconciler2 ", call, nth: 1, fault: { kind: "freeze", forMs } }],
    ownRefetchedBytes: 8 * PART_BYTES,
  });

/** What is staged is lost when the worker makes the nth call of all. */
const losingStaged = (name: string, nth: number): ProvenScenario => ({
  ...one({ name, body: LARGE, ownRefetchedBytes: UNRESUMABLE }),
  onEvent: ({ boundaries, blobs }) => {
    if (boundaries.length !== nth) return;
    blobs.stagedObjects.clear();
    blobs.uploads.clear();
  },
});

/** While the job waits for its second attempt, a zombie of the first writes other bytes over a part. */
const overwritingPart = (name: string): ProvenScenario => ({
  ...one({ name, body: LARGE, answer: cutOnce, ownRefetchedBytes: UNRESUMABLE }),
  onEvent: ({ blobs, items }) => {
    const isWaiting = [...items.all.values()].some((item) => "checkpoint" in item && !("lease_owner" in item));
    if (!isWaiting) return;
    for (const { parts } of blobs.uploads.values()) {
      parts.set(1, { body: Buffer.alloc(PART_BYTES, "z"), etag: '"zombie"' });
    }
  },
});

const turningGate = (name: string, from: number, to: number, ends: ProvenScenario["ends"]): ProvenScenario => ({
  ...one({ name, body: SMALL, ownRefetchedBytes: UNRESUMABLE }),
  messages: [message("a"), message("b")],
  prepare: serving({ a: resource(SMALL), b: resource(LARGE) }),
  published: [[SMALL], [LARGE]],
  ends,
  settings: { gate: from },
  onEvent: (simulation: Simulation) => {
    if (simulation.boundaries.length >= 8) simulation.settings = { ...simulation.settings, gate: to };
  },
});

/** The reconciler's clock is ahead, so that it takes the lease of a worker that is alive and at work. */
const racing = (name: string, skewMs: number): ProvenScenario =>
  one({
    name,
    body: LARGE,
    // The transfer begins about when the reconciler does.
    answer: onFirst("GET", { kind: "status", status: 503, retryAfterS: RECONCILE_EVERY_MS / 1000 - 1 }),
    skewMs: (role) => (role === "reconciler" ? skewMs : 0),
    ownRefetchedBytes: 4 * PART_BYTES,
  });

export const SCENARIOS: readonly ProvenScenario[] = [
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
  changing("validator changed, the rest unnamed", cutAfter(PART_BYTES + 6), { isRestUnnamed: true }),
  one({
    name: "range ignored",
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
  one({ name: "duplicate delivery", body: LARGE, messages: [message("a"), message("a")] }),
  one({
    name: "redirect",
    body: LARGE,
    prepare: serving({ moved: resource(LARGE) }),
    answer: ({ url }) => (url === urlOf("a") ? { kind: "redirect", to: urlOf("moved") } : { kind: "body" }),
  }),
  one({
    name: "429 with Retry-After",
    body: LARGE,
    answer: onFirst("HEAD", { kind: "status", status: 429, retryAfterS: 3 }),
    leastMs: 3000,
  }),
  one({
    name: "503 with Retry-After",
    body: LARGE,
    answer: onFirst("GET", { kind: "status", status: 503, retryAfterS: 3 }),
    leastMs: 3000,
  }),
  one({
    name: "torn body",
    body: LARGE,
    answer: onFirst("GET", { kind: "body", fault: { kind: "wrong length" } }),
    ownRefetchedBytes: UNRESUMABLE,
  }),
  one({
    name: "body cut off unnoticed",
    body: LARGE,
    answer: onFirst("GET", { kind: "body", fault: { kind: "short", afterBytes: PART_BYTES + 6 } }),
    ownRefetchedBytes: TORN_BYTES,
  }),
  losingStaged("an upload is lost", 14),
  losingStaged("a staged object is lost", 21),
  one({
    name: "a job that kills whoever works on it",
    body: SMALL,
    settings: { retry: { maxAttempts: 3, baseMs: 1000, capMs: 10_000 } },
    strikes: [{ of: "worker", call: "http.GET", nth: 1, fault: { kind: "crash after" } }],
    ends: { a: ["FAILED:retries_exhausted:"] },
    published: [],
    ownRefetchedBytes: UNRESUMABLE,
  }),
  one({
    name: "retries exhausted",
    body: SMALL,
    settings: { retry: { maxAttempts: 2, baseMs: 1000, capMs: 10_000 } },
    answer: ({ method }) => (method === "GET" ? { kind: "status", status: 503 } : { kind: "body" }),
    ends: { a: ["FAILED:retries_exhausted:"] },
    published: [],
  }),
  one({
    name: "not found",
    body: SMALL,
    prepare: () => undefined,
    ends: { a: ["FAILED:http_404"] },
    published: [],
  }),
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
  racing("reconciler racing a live worker, its clock five minutes ahead", 300_000),
  one({
    name: "a zombie wakes while the reconciler is at work",
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
    name: "a lease renewed between the reconciler's look and its write",
    body: LARGE,
    strikes: [slowRead, { of: "reconciler2 ", call: "items.read", nth: 1, fault: { kind: "freeze", forMs: 300 } }],
    // To the reconciler a lease looks expired soon after each renewal.
    skewMs: (role) => (role === "worker" ? 700 - LEASE_TTL_MS : 0),
    ownRefetchedBytes: 4 * PART_BYTES,
  }),
  {
    ...one({ name: "continuation across invocations", body: bodyOf(5 * PART_BYTES) }),
    // Of an invocation's minute, six tenths of a second are left to work in.
    settings: { deadlineBufferMs: 59_400 },
    ownRefetchedBytes: 10 * TORN_BYTES,
  },
  turningGate("gate at 50 %, turned off in mid-run", 50, 0, { a: ["INDEXED", "plain"], b: ["plain"] }),
  turningGate("gate at 50 %, turned on in mid-run", 50, 100, { a: ["INDEXED"], b: ["plain", "INDEXED"] }),
  {
    ...one({
      name: "gate turned off between two invocations of a job",
      body: bodyOf(5 * PART_BYTES),
      ownRefetchedBytes: UNRESUMABLE,
    }),
    settings: { gate: 50, deadlineBufferMs: 59_400 },
    ends: { a: ["INDEXED"] },
    onEvent: (simulation) => {
      if (simulation.boundaries.length >= 12) simulation.settings = { ...simulation.settings, gate: 0 };
    },
  },
  one({
    name: "gate off, the reconciler at work meanwhile",
    body: LARGE,
    settings: { gate: 0 },
    answer: onFirst("GET", { kind: "status", status: 503, retryAfterS: RECONCILE_EVERY_MS / 1000 - 1 }),
    ends: { a: ["plain"] },
    ownRefetchedBytes: UNRESUMABLE,
  }),
];
