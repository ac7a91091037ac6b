import * as z from "zod/mini";
import { wholeNumber } from "../read-env.ts";
import { parseGate } from "../../core/gate/gate.ts";
import type { WorkerSettings } from "../../core/worker/worker-deps.ts";

const whole = wholeNumber(0);
const positive = wholeNumber(1);
const name = z.string().check(z.minLength(1));

/** The worker's environment. `infra` types what it sets as `Record<keyof WorkerEnv, string>`. */
export const workerEnv = z.object({
  /** The dimension of all metrics. */
  ENVIRONMENT_NAME: name,
  TABLE_NAME: name,
  QUEUE_URL: z.url(),
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
  MAX_BODY_BYTES: positive,
  /** Comma-separated media types or `type/*`; empty allows all. */
  ALLOWED_CONTENT_TYPES: z.string(),
  ALLOW_PRIVATE_HOSTS: z.pipe(
    z.enum(["true", "false"]),
    z.transform((text) => text === "true"),
  ),
  /** How long before the invocation's deadline its work is handed to a later invocation. */
  DEADLINE_BUFFER_MS: whole,
  RETRY_BASE_MS: positive,
  RETRY_CAP_MS: positive,
  /** How long after a job should have continued by itself the reconciler looks at it. */
  REQUEUE_GRACE_MS: whole,
  /** How long a terminal job's record answers duplicates before DynamoDB's TTL removes it. */
  RECORD_RETENTION_DAYS: positive,
  HTTP_CONNECT_TIMEOUT_MS: positive,
  /** The longest silence of an origin: before its headers, and between two pieces of its body. */
  HTTP_IDLE_TIMEOUT_MS: positive,
});

export type WorkerEnv = z.infer<typeof workerEnv>;

const DAY_MS = 24 * 3600 * 1000;

/** @throws TypeError when DOCSTOKG_ENABLE_IDEMPOTENCY is neither true, false nor a percentage. */
export const workerSettings = (env: WorkerEnv): WorkerSettings => ({
  gateCeiling: parseGate(env.DOCSTOKG_ENABLE_IDEMPOTENCY),
  leaseTtlMs: env.LEASE_TTL_MS,
  requeueGraceMs: env.REQUEUE_GRACE_MS,
  recordRetentionMs: env.RECORD_RETENTION_DAYS * DAY_MS,
  deadlineBufferMs: env.DEADLINE_BUFFER_MS,
  retry: { maxAttempts: env.MAX_ATTEMPTS, baseMs: env.RETRY_BASE_MS, capMs: env.RETRY_CAP_MS },
  maxHops: env.MAX_HOPS,
  maxBodyBytes: env.MAX_BODY_BYTES,
  allowedContentTypes: env.ALLOWED_CONTENT_TYPES.split(",")
    .map((type) => type.trim().toLowerCase())
    .filter(Boolean),
  allowPrivateHosts: env.ALLOW_PRIVATE_HOSTS,
});
