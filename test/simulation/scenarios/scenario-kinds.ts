import { RetryableError } from "../../../core/model/errors.ts";
import type { JobMessage } from "../../../core/model/message.ts";
import type { OriginAnswer, Resource, SimulatedOrigin } from "../services/origin.ts";
import type { Fault } from "../services/process.ts";
import { LEASE_TTL_MS, PART_BYTES, RECONCILE_EVERY_MS } from "../services/settings.ts";
import type { Scenario } from "./scenario.ts";

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
export const urlOf = (artifact: string): string => ORIGIN + artifact;
export const message = (artifact: string, more: Partial<JobMessage> = {}): JobMessage => ({
  work_id: "work",
  artifact_id: artifact,
  url: urlOf(artifact),
  ...more,
});

export const bodyOf = (bytes: number, letter = "a"): Buffer =>
  Buffer.from(
    Array.from({ length: bytes }, (_, at) => `${letter}${String(at)}.`)
      .join("")
      .slice(0, bytes),
  );
export const SMALL = bodyOf(PART_BYTES - 1);
/** Two parts and a bit. */
export const LARGE = bodyOf(2 * PART_BYTES + 4);
export const MANY_PARTS = bodyOf(8 * PART_BYTES + 3);
export const NEWER = bodyOf(2 * PART_BYTES + 4, "b");

export const resource = (body: Buffer, more: Partial<Resource> = {}): Resource => ({
  versions: [body],
  validators: "strong",
  ranges: true,
  isChunked: false,
  ...more,
});
export const serving =
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
export const one = ({ body, served, ...more }: One): ProvenScenario => ({
  messages: [message("a")],
  prepare: serving({ a: resource(body, served) }),
  ends: { a: ["INDEXED"] },
  published: [[body]],
  ownRefetchedBytes: 0,
  ...more,
});

export const onFirst =
  (method: "HEAD" | "GET", answer: OriginAnswer) =>
  (request: { readonly method: string }, nth: number): OriginAnswer =>
    request.method === method && nth === 1 ? answer : { kind: "body" };

export const cutAfter = (afterBytes: number): OriginAnswer => ({ kind: "body", fault: { kind: "cut", afterBytes } });
export const cutOnce = onFirst("GET", cutAfter(PART_BYTES + 6));
/** What a torn connection costs: the part being read, and the piece that came last. */
export const TORN_BYTES = PART_BYTES + 5;
/** The origin allows no resuming: each attempt fetches everything. */
export const UNRESUMABLE = Number.POSITIVE_INFINITY;

/** The origin has another version from its second GET on. */
export const changing = (name: string, first: OriginAnswer, served: Partial<Resource> = {}): ProvenScenario => ({
  ...one({ name, body: LARGE, served, ownRefetchedBytes: UNRESUMABLE }),
  published: [[LARGE, NEWER]],
  answer: ({ method, url }, nth, origin) => {
    if (method === "GET" && nth === 2) origin.resources.get(url)?.versions.push(NEWER);
    return method === "GET" && nth === 1 ? first : { kind: "body" };
  },
});

export const crashAtSecondPart: OwnStrike = {
  of: "worker1 ",
  call: "uploadPart",
  nth: 2,
  fault: { kind: "crash after" },
};

export const slowRead: OwnStrike = {
  of: "worker1 ",
  call: "http.read",
  nth: 3,
  fault: { kind: "slow", byMs: 2 * LEASE_TTL_MS + 3000 },
};

/** The reconciler stands still at a call while the next one does its work, and wakes while the second worker is at its. */
export const sleepingReconciler = (call: string, forMs: number): ProvenScenario =>
  one({
    name: `a reconciler asleep at ${call} wakes over a job that is leased again`,
    body: MANY_PARTS,
    strikes: [crashAtSecondPart, { of: "reconciler2 ", call, nth: 1, fault: { kind: "freeze", forMs } }],
    ownRefetchedBytes: 8 * PART_BYTES,
  });

/** What is staged is lost when the worker makes the nth call of all. */
export const losingStaged = (name: string, nth: number): ProvenScenario => ({
  ...one({ name, body: LARGE, ownRefetchedBytes: UNRESUMABLE }),
  onEvent: ({ boundaries, blobs }) => {
    if (boundaries.length !== nth) return;
    blobs.stagedObjects.clear();
    blobs.uploads.clear();
  },
});

/** While the job waits for its second attempt, a zombie of the first writes other bytes over a part. */
export const overwritingPart = (name: string): ProvenScenario => ({
  ...one({ name, body: LARGE, answer: cutOnce, ownRefetchedBytes: UNRESUMABLE }),
  onEvent: ({ blobs, items }) => {
    const isWaiting = [...items.all.values()].some((item) => "checkpoint" in item && !("lease_owner" in item));
    if (!isWaiting) return;
    for (const { parts } of blobs.uploads.values()) {
      parts.set(1, { body: Buffer.alloc(PART_BYTES, "z"), etag: '"zombie"' });
    }
  },
});

export const turningGate = (name: string, from: number, to: number, ends: ProvenScenario["ends"]): ProvenScenario => ({
  ...one({ name, body: SMALL, ownRefetchedBytes: UNRESUMABLE }),
  messages: [message("a"), message("b")],
  prepare: serving({ a: resource(SMALL), b: resource(LARGE) }),
  published: [[SMALL], [LARGE]],
  ends,
  gate: from,
  onEvent: ({ boundaries, gate }) => {
    if (boundaries.length >= 9) gate.turn(to);
  },
});

/** Two events come to the bus in one batch, and it does not take both. */
export const refusing = (name: string, isRefused: readonly [boolean, boolean]): ProvenScenario => ({
  // Their names put them into one shard of the stream.
  ...one({ name, body: SMALL, messages: [message("b"), message("c")] }),
  prepare: serving({ b: resource(SMALL), c: resource(LARGE) }),
  published: [[SMALL], [LARGE]],
  ends: { b: ["INDEXED"], c: ["INDEXED"] },
  onEvent: ({ announcing, boundaries }) => {
    if (boundaries.length !== 1) return;
    const next = [...isRefused];
    announcing.stream.hold(10_000);
    announcing.bus.refuseOfNext(() => next.shift() === true);
  },
});

/** So many that two faults may spoil visits, or fail the job again in between. */
const OPERATOR_AT_MS = [5_000, 45_000, 85_000, 125_000, 165_000];
/** After lease, HEAD, STREAM and FINALIZE, where the body is one object. */
const INDEX_WRITE = 5;

/** Its origin has no such file, so many times; an operator reopens what failed, and then it has. */
export const reopened = (name: string, absentFirst: number, more: Partial<ProvenScenario> = {}): ProvenScenario =>
  one({
    name,
    body: LARGE,
    operatorAtMs: OPERATOR_AT_MS,
    answer: ({ method }, nth) =>
      method === "HEAD" && nth <= absentFirst ? { kind: "status", status: 404 } : { kind: "body" },
    ...more,
  });

/** The index entry cannot be put, until the job has failed for it. */
export const failedAfterPublishing = (name: string): ProvenScenario =>
  one({
    name,
    body: SMALL,
    settings: { retry: { maxAttempts: 1, baseMs: 1000, capMs: 10_000 } },
    operatorAtMs: OPERATOR_AT_MS,
    strikes: [
      {
        of: "worker1 ",
        call: "items.write",
        nth: INDEX_WRITE,
        fault: { kind: "fail before", error: new RetryableError("outage", { failureClass: "system" }) },
      },
    ],
  });

/** The reconciler's clock is ahead, so that it takes the lease of a worker that is alive and at work. */
export const racing = (name: string, skewMs: number): ProvenScenario =>
  one({
    name,
    body: LARGE,
    // The transfer begins about when the reconciler does.
    answer: onFirst("GET", { kind: "status", status: 503, retryAfterS: RECONCILE_EVERY_MS / 1000 - 1 }),
    skewMs: (role) => (role === "reconciler" ? skewMs : 0),
    ownRefetchedBytes: 4 * PART_BYTES,
  });
