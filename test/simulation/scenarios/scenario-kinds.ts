import { RetryableError } from "../../../core/model/errors.ts";
import type { JobMessage } from "../../../core/model/message.ts";
import type { OriginAnswer, Resource, SimulatedOrigin } from "../services/origin.ts";
import type { Fault } from "../services/process.ts";
import { LEASE_TTL_MS, PART_BYTES, RECONCILE_EVERY_MS } from "../services/settings.ts";
import type { Scenario } from "./scenario.ts";

/** How a job may end: `INDEXED`, `DEDUPED`, `FAILED:` plus the start of its reason, or `unguarded` (no record). */
export type End = string;

interface OwnStrike {
  /** The start of the process's name. */
  readonly of: string;
  readonly call: string;
  readonly nth: number;
  readonly fault: Fault;
}

/** A scenario, and the outcome that it must have whatever faults strike. */
export interface ProvenScenario extends Scenario {
  readonly name: string;
  /** By artifact: the ends that are allowed. */
  readonly ends: Readonly<Record<string, readonly End[]>>;
  /** For each object that must exist in the end: the bodies it may have, one per version. */
  readonly published: readonly (readonly Buffer[])[];
  /** Further objects that may exist. */
  readonly mayPublish?: readonly (readonly Buffer[])[];
  /** Bodies that a fault may leave stored, but not indexed: another source has another body. */
  readonly mayLeave?: number;
  /** Bytes that the origin may send again because of the scenario itself. */
  readonly ownRefetchedBytes: number;
  /** The reasons that a dead letter may have. */
  readonly deadLetters?: RegExp;
  /** Faults that belong to the scenario. The calls of the recovery are boundaries like all others. */
  readonly strikes?: readonly OwnStrike[];
  /** The shortest time of the undisturbed run, in ms, because the origin sent Retry-After. */
  readonly leastMs?: number;
  /** The longest time of the undisturbed run, in ms. */
  readonly mostMs?: number;
  /** How much longer healing may take because jobs wait for their host, in ms. */
  readonly hostWaitMs?: number;
  /** How often the undisturbed run makes calls, by role, port and method: `{ "reconciler queue.send": 0 }`. */
  readonly calls?: Readonly<Record<string, number>>;
  /** How often the undisturbed run parks a job, which the reconciler then dispatches. */
  readonly dispatches?: number;
  readonly skewMs?: (role: string) => number;
  /** Whether a worker process lives on after its invocation. */
  readonly isWarm?: boolean;
  /** Whether the undisturbed run hands a job over to the long lane. Undefined: there are no lanes, or no records. */
  readonly handsOver?: boolean;
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

/** By default: one artifact from one origin, resumable, and published under one index entry. */
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
/** What a lost connection costs at most: the part being read, and the last piece. */
export const TORN_BYTES = PART_BYTES + 5;
/** For a transfer that cannot be resumed: each attempt fetches everything. */
export const UNRESUMABLE = Number.POSITIVE_INFINITY;

/** From the second GET on, the origin has another version. */
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

/** The reconciler freezes at a call, the next run does its work, and it wakes while the second worker is at work. */
export const sleepingReconciler = (call: string, forMs: number): ProvenScenario =>
  one({
    name: `a reconciler frozen at ${call} wakes after the job is leased again`,
    body: MANY_PARTS,
    strikes: [crashAtSecondPart, { of: "reconciler2 ", call, nth: 1, fault: { kind: "freeze", forMs } }],
    ownRefetchedBytes: 8 * PART_BYTES,
  });

/** All staged objects and uploads are lost at the nth call of a port in the run. */
export const losingStaged = (name: string, nth: number): ProvenScenario => ({
  ...one({ name, body: LARGE, ownRefetchedBytes: UNRESUMABLE }),
  onEvent: ({ boundaries, blobs }) => {
    if (boundaries.length !== nth) return;
    blobs.stagedObjects.clear();
    blobs.uploads.clear();
  },
});

/** While the job waits for its second attempt, a zombie of the first overwrites a part with other bytes. */
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

/** Two events reach the bus in one request, and the bus refuses one of them; or both announcements are in one event. */
export const refusing = (name: string, isRefused: readonly [boolean, boolean], isBatched = false): ProvenScenario => ({
  // The job ids of these artifacts fall into the same shard of the stream.
  ...one({ name, body: SMALL, messages: [message("b"), message("c")] }),
  prepare: serving({ b: resource(SMALL), c: resource(LARGE) }),
  published: [[SMALL], [LARGE]],
  ends: { b: ["INDEXED"], c: ["INDEXED"] },
  onEvent: ({ announcing, boundaries }) => {
    if (boundaries.length !== 1) return;
    const next = [...isRefused];
    announcing.isBatched = isBatched;
    announcing.stream.hold(10_000);
    announcing.bus.refuseOfNext(() => next.shift() === true);
  },
});

/** Enough redrives, although two faults may spoil some of them or fail the job again in between. */
const OPERATOR_AT_MS = [5_000, 45_000, 85_000, 125_000, 165_000];
/** The second write of a small job: lease, then the index entry. */
const INDEX_WRITE = 2;

/** The origin answers 404 to the first `absentFirst` GETs. An operator reopens the job each time it failed. */
export const reopened = (name: string, absentFirst: number, more: Partial<ProvenScenario> = {}): ProvenScenario =>
  one({
    name,
    body: LARGE,
    operatorAtMs: OPERATOR_AT_MS,
    answer: ({ method }, nth) =>
      method === "GET" && nth <= absentFirst ? { kind: "status", status: 404 } : { kind: "body" },
    ...more,
  });

/** The index entry cannot be written, so the job fails after it was published. */
export const failedAfterPublishing = (name: string): ProvenScenario =>
  one({
    name,
    body: SMALL,
    settings: { retry: { maxAttempts: 1, baseMs: 1000, capMs: 10_000, longestWaitMs: 43_200_000 } },
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

/** The reconciler's clock is ahead, so it takes the lease of a worker that is alive and working. */
export const racing = (name: string, skewMs: number): ProvenScenario =>
  one({
    name,
    body: LARGE,
    // The transfer starts at about the same time as the reconciler.
    answer: onFirst("GET", { kind: "status", status: 503, retryAfterS: RECONCILE_EVERY_MS / 1000 - 1 }),
    skewMs: (role) => (role === "reconciler" ? skewMs : 0),
    ownRefetchedBytes: 4 * PART_BYTES,
  });
