import * as z from "zod/mini";
import { wholeNumber } from "../read-env.ts";
import { FEWEST_WATCH_SHARDS, MOST_WATCH_SHARDS } from "../../core/model/keys.ts";
import { parseGate } from "../../core/gate/gate.ts";
import { DISPATCH_AHEAD_MS, LONGEST_DELAY_MS } from "../../core/model/waiting.ts";
import { hostRules } from "../../core/flow/host-limits.ts";
import { reachOf } from "../../core/origin/reach.ts";
import type { WorkerSettings } from "../../core/worker/worker-deps.ts";

const whole = wholeNumber(0);
const positive = wholeNumber(1);
const name = z.string().check(z.minLength(1));
const yesOrNo = z.pipe(
  z.enum(["true", "false"]),
  z.transform((text) => text === "true"),
);
const headers = z.record(z.string(), z.string());

/** The worker's environment. `infra` types what it sets as `Record<keyof WorkerEnv, string>`. */
export const workerEnv = z.object({
  /** The dimension of all metrics. */
  ENVIRONMENT_NAME: name,
  /** How long the events of a job are held back, to write them in one line: what a crash loses. 0: not at all. */
  HOLD_EVENTS_MS: whole,
  /** Of so many of the jobs without trouble the events are written, in percent. Metrics count all. */
  LOG_SAMPLE_PERCENT: z.coerce.number().check(z.int(), z.gte(0), z.lte(100)),
  TABLE_NAME: name,
  /** The queue of the worker's own lane. */
  QUEUE_URL: z.url(),
  /** A further queue of the short lane. A batch from there is answered there. */
  URGENT_QUEUE_URL: z.url(),
  LONG_QUEUE_URL: z.url(),
  DEAD_LETTER_QUEUE_URL: z.url(),
  STAGING_BUCKET: name,
  CONTENT_BUCKET: name,
  /**
   * The largest share of jobs on the guarded path: `false` (none), `true` (all) or `0`..`100` percent. The gate
   * document in the table may admit fewer. `DOCSTOKG_` is the historical name of the pipeline's flag, kept because
   * deployments and scripts set it.
   */
  DOCSTOKG_ENABLE_IDEMPOTENCY: z.string(),
  LEASE_TTL_MS: positive,
  /** Size of a multipart part in bytes. S3 requires at least 5 MiB. */
  PART_SIZE_BYTES: positive,
  /** How many records of one batch are processed at a time. */
  RECORD_CONCURRENCY: positive,
  /** How many part-sized buffers a worker may hold, over all its records. This bounds its memory. */
  PART_BUFFERS: positive,
  MAX_ATTEMPTS: positive,
  /** How many times one job may be handed from one invocation to the next. */
  MAX_HOPS: positive,
  /** To how many shards of the index `watch` jobs are spread, 8 to 64. Each takes 1,000 writes a second. */
  WATCH_SHARDS: z.coerce.number().check(z.int(), z.gte(FEWEST_WATCH_SHARDS), z.lte(MOST_WATCH_SHARDS)),
  MAX_BODY_BYTES: positive,
  /** Comma-separated media types or `type/*`; empty allows all. */
  ALLOWED_CONTENT_TYPES: z.string(),
  ALLOW_PRIVATE_HOSTS: yesOrNo,
  /** Whether a body with a content coding is stored as it came, and marked. Otherwise the coding is taken away. */
  KEEPS_CONTENT_ENCODING: yesOrNo,
  /** Comma-separated: what may be reached besides public addresses. See `reachOf` in core/origin/reach.ts. */
  ALLOWED_HOSTS: z.string(),
  /** What the names of secrets in Secrets Manager begin with. Empty: messages can name none. */
  SECRETS_PREFIX: z.string(),
  MOST_REDIRECTS: whole,
  /** Whether the robots.txt of each host is asked for first, and obeyed. */
  OBEYS_ROBOTS: yesOrNo,
  /** Whether a batch of the short lane that is held takes further messages. */
  HELD_BATCH_TAKES_MORE: yesOrNo,
  /** Connections over which one large file may come at a time. 1: over one. */
  MOST_RANGES: positive,
  /** JSON: the headers of every request, and further ones by host. */
  REQUEST_HEADERS: z.pipe(
    z.pipe(
      z.string(),
      z.transform((text): unknown => JSON.parse(text)),
    ),
    z.object({ usual: headers, byHost: z.array(z.tuple([z.string(), headers])) }),
  ),
  /** JSON: how much of each host may be used. See core/flow/host-limits.ts. */
  HOST_RULES: z.pipe(
    z.pipe(
      z.string(),
      z.transform((text): unknown => JSON.parse(text)),
    ),
    hostRules,
  ),
  /** How long a job waits, uncharged, for a host that is down. */
  HOST_PATIENCE_MS: positive,
  /** `short`: hands over what is long. `long`: takes whatever is in its queue to the end. */
  LANE: z.enum(["short", "long"]),
  /** A body of this length is a long one. In bytes. */
  LONG_FROM_BYTES: positive,
  /** Shorter bodies are put at their content address at once, if they fit in a part. 0: every body is staged. */
  STAGE_FROM_BYTES: whole,
  /** How old a message may be whose first delivery leases a job that nobody watches. 0: every lease is watched. */
  UNWATCHED_FOR_MS: whole,
  /** How long a message without a group has waited when it is sent again with its host as the group. 0: never. */
  REGROUP_AFTER_MS: whole,
  /** How long the body of one file may come in the short lane. */
  SHORT_LANE_MS: positive,
  /** How long before the invocation's deadline its work is handed to a later invocation. */
  DEADLINE_BUFFER_MS: whole,
  RETRY_BASE_MS: positive,
  RETRY_CAP_MS: positive,
  /** The longest wait that an origin may ask for. */
  LONGEST_WAIT_MS: positive,
  /** How long after a job should have continued by itself the reconciler looks at it. */
  REQUEUE_GRACE_MS: whole,
  /** How long a terminal job's record answers duplicates before DynamoDB's TTL removes it. */
  RECORD_RETENTION_DAYS: positive,
  HTTP_CONNECT_TIMEOUT_MS: positive,
  /** The longest time until the head of an answer is there, and the longest silence within a body. */
  HTTP_IDLE_TIMEOUT_MS: positive,
  HTTP_HEAD_TIMEOUT_MS: positive,
  /** Slower origins are given up, if they are that slow for HTTP_IDLE_TIMEOUT_MS. 0: none is. */
  LEAST_BYTES_PER_SECOND: whole,
  /** How long an origin may take for a part of a body. */
  PART_TIMEOUT_MS: positive,
});

export type WorkerEnv = z.infer<typeof workerEnv>;

const DAY_MS = 24 * 3600 * 1000;
/** A read unit in so many milliseconds of a job: none of a small one. A cancelled job sends no request 5 s later. */
const LOOKS_EVERY_MS = 3_000;

/**
 * @throws TypeError when DOCSTOKG_ENABLE_IDEMPOTENCY is neither true, false nor a percentage; RangeError when
 * ALLOWED_HOSTS holds what cannot be opened.
 */
export const workerSettings = (env: WorkerEnv): WorkerSettings => ({
  gateCeiling: parseGate(env.DOCSTOKG_ENABLE_IDEMPOTENCY),
  leaseTtlMs: env.LEASE_TTL_MS,
  looksEveryMs: LOOKS_EVERY_MS,
  requeueGraceMs: env.REQUEUE_GRACE_MS,
  recordRetentionMs: env.RECORD_RETENTION_DAYS * DAY_MS,
  deadlineBufferMs: env.DEADLINE_BUFFER_MS,
  retry: {
    maxAttempts: env.MAX_ATTEMPTS,
    baseMs: env.RETRY_BASE_MS,
    capMs: env.RETRY_CAP_MS,
    longestWaitMs: env.LONGEST_WAIT_MS,
  },
  longestDelayMs: LONGEST_DELAY_MS,
  dispatchAheadMs: DISPATCH_AHEAD_MS,
  hostRules: env.HOST_RULES,
  hostPatienceMs: env.HOST_PATIENCE_MS,
  maxHops: env.MAX_HOPS,
  regroupAfterMs: env.REGROUP_AFTER_MS,
  watchShards: env.WATCH_SHARDS,
  maxBodyBytes: env.MAX_BODY_BYTES,
  allowedContentTypes: entriesOf(env.ALLOWED_CONTENT_TYPES.toLowerCase()),
  stageFromBytes: env.STAGE_FROM_BYTES,
  unwatchedForMs: env.LANE === "long" ? 0 : env.UNWATCHED_FOR_MS,
  shortLane: env.LANE === "long" ? undefined : { longFromBytes: env.LONG_FROM_BYTES, shortLaneMs: env.SHORT_LANE_MS },
  mostBrokenConnections: 3,
  mostRanges: env.MOST_RANGES,
  keepsContentEncoding: env.KEEPS_CONTENT_ENCODING,
  pace: {
    leastBytesPerSecond: env.LEAST_BYTES_PER_SECOND,
    overMs: env.HTTP_IDLE_TIMEOUT_MS,
    partMs: env.PART_TIMEOUT_MS,
  },
  reach: reachOf(entriesOf(env.ALLOWED_HOSTS), env.ALLOW_PRIVATE_HOSTS),
  mostRedirects: env.MOST_REDIRECTS,
  obeysRobots: env.OBEYS_ROBOTS,
  headTimeoutMs: env.HTTP_HEAD_TIMEOUT_MS,
  requestHeaders: env.REQUEST_HEADERS,
});

const entriesOf = (list: string): readonly string[] =>
  list
    .split(",")
    .map((entry) => entry.trim())
    .filter(Boolean);
