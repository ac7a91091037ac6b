/** What a local run does not let its user choose, and within which bounds it does. */
import { availableParallelism } from "node:os";
import type { HostRule } from "../core/flow/host-rule.ts";
import { FEWEST_WATCH_SHARDS } from "../core/model/keys.ts";
import { reachOf } from "../core/origin/reach.ts";
import type { RequestHeaders } from "../core/origin/origin-deps.ts";
import type { WorkerSettings } from "../core/worker/worker-deps.ts";

/** Parts of the size that the cloud uses by default: a crash costs at most one of them. */
export const PART_BYTES = 8 * 1024 * 1024;
/** A worker that dies is noticed at once. Only one that hangs keeps its jobs until their leases expire. */
export const LEASE_TTL_MS = 30_000;
/** No message gets lost here. But when long downloads hold all slots, what is due must wait for one. */
const REQUEUE_GRACE_MS = 600_000;
/** No record of a local run expires. */
const FOR_EVER_MS = 100 * 365 * 24 * 3600 * 1000;
/** The largest file of ext4 is 16 TiB. */
const MOST_BODY_BYTES = 16 * 1024 ** 4;
/** An origin may take so long for each part: 10 KB a second. */
const PART_MS = 900_000;
/** HEAD only informs, so it is not waited for as long as GET is. */
const HEAD_TIMEOUT_MS = 10_000;

export const RECONCILE_EVERY_MS = 5_000;
/** As in the cloud, well above the attempts of any job. */
export const MOST_RECEIVES = 1_000;

/** The most that a run may choose, and what it gets if it does not choose. The least is 1. */
export const CHOICES = {
  workers: { most: 64, usual: Math.min(4, availableParallelism()) },
  /** Downloads at a time. */
  jobs: { most: 1024, usual: 32 },
  attempts: { most: 100, usual: 8 },
} as const;

/** How a run deals with origins. */
export interface WebChoices {
  readonly allowPrivateHosts: boolean;
  /** What may be reached besides public addresses: see `reachOf`. */
  readonly allow: readonly string[];
  readonly connectTimeoutMs: number;
  /** The longest silence, the longest time for the head of an answer, and the time over which speed is measured. */
  readonly timeoutMs: number;
  /** 0: any speed will do. */
  readonly leastBytesPerSecond: number;
  /** The longest wait that an origin may ask for. */
  readonly longestWaitMs: number;
  readonly mostRedirects: number;
  /** Whether the robots.txt of each host is asked for first, and obeyed. */
  readonly obeysRobots: boolean;
  /** Connections over which one large file may come at a time. */
  readonly mostRanges: number;
  /** How much of each host may be used. The last rule that fits decides. */
  readonly hostRules: readonly HostRule[];
  readonly mostBytes: number;
  /** Whether a body with a content coding is stored as it came. */
  readonly keepsContentEncoding: boolean;
  readonly requestHeaders: RequestHeaders;
  /** A JSON file that holds secrets by their names. */
  readonly secretsFile: string | undefined;
}

/** The least speed is that of dnf. curl follows 50 redirects, browsers and wget 20. */
export const USUAL_WEB: WebChoices = {
  allowPrivateHosts: false,
  allow: [],
  connectTimeoutMs: 10_000,
  timeoutMs: 30_000,
  leastBytesPerSecond: 1_000,
  longestWaitMs: 3_600_000,
  mostRedirects: 20,
  obeysRobots: false,
  mostRanges: 4,
  hostRules: [["*", {}]],
  mostBytes: MOST_BODY_BYTES,
  keepsContentEncoding: false,
  requestHeaders: { usual: { "user-agent": "fetchonce" }, byHost: [] },
  secretsFile: undefined,
};

/** What each run chooses. */
export interface RunChoices {
  readonly web: WebChoices;
  /** The percentage of jobs on the guarded path. */
  readonly gate: number;
  /** Leases without progress after which a job fails. */
  readonly maxAttempts: number;
}

export const workerSettings = ({ gate, maxAttempts, web }: RunChoices): WorkerSettings => ({
  gateCeiling: gate,
  leaseTtlMs: LEASE_TTL_MS,
  // Nobody cancels a job of a local run: it is stopped as a whole.
  looksEveryMs: 0,
  requeueGraceMs: REQUEUE_GRACE_MS,
  recordRetentionMs: FOR_EVER_MS,
  deadlineBufferMs: 0,
  retry: { maxAttempts, baseMs: 500, capMs: 30_000, longestWaitMs: web.longestWaitMs },
  // The queue keeps a message back as long as it takes: no job is parked.
  longestDelayMs: FOR_EVER_MS,
  dispatchAheadMs: 0,
  hostRules: web.hostRules,
  // As long as its attempts may take if nobody answers them.
  hostPatienceMs: maxAttempts * web.timeoutMs,
  // Invocations have no deadline here, so nothing is continued.
  maxHops: 0,
  watchShards: FEWEST_WATCH_SHARDS,
  maxBodyBytes: web.mostBytes,
  allowedContentTypes: [],
  // A free slot takes the next job, so a long one holds nobody.
  stageFromBytes: 0,
  unwatchedForMs: 0,
  regroupAfterMs: 0,
  shortLane: undefined,
  mostBrokenConnections: 3,
  mostRanges: web.mostRanges,
  keepsContentEncoding: web.keepsContentEncoding,
  pace: { leastBytesPerSecond: web.leastBytesPerSecond, overMs: web.timeoutMs, partMs: PART_MS },
  reach: reachOf(web.allow, web.allowPrivateHosts),
  mostRedirects: web.mostRedirects,
  obeysRobots: web.obeysRobots,
  headTimeoutMs: Math.min(HEAD_TIMEOUT_MS, web.timeoutMs),
  requestHeaders: web.requestHeaders,
});

export const reconcilerSettings = {
  requeueGraceMs: REQUEUE_GRACE_MS,
  recoverLimit: 1_000,
  sweepLimit: 1_000,
  /** The unguarded path keeps no record, and its longest transfer may last for hours. */
  orphanAgeMs: 24 * 3600 * 1000,
};
