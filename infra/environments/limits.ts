/** Limits that both the rules for settings and the resources use. */
import type { Environment } from "./environment.ts";

/**
 * Deliveries after which SQS moves a message to the dead-letter queue. The worker itself fails a job after
 * `maxAttempts` attempts and records the reason. SQS must act only if the worker cannot do that, so the limit is well
 * above any environment's `maxAttempts`.
 */
export const MAX_RECEIVE_COUNT = 16;

/** Message retention of all queues: the longest that SQS allows. */
export const MESSAGES_KEPT_DAYS = 14;

/** Age at which S3 aborts an unfinished upload: longer than the longest chain of invocations that may continue it. */
export const UPLOADS_KEPT_DAYS = 3;

const INVOCATIONS_OF_A_POLLER = 10;

/** Worker invocations that the queue's mapping may make at the same time. */
export const mostWorkers = ({ provisionedPollers, workerConcurrency = 0 }: Environment): number =>
  provisionedPollers ? INVOCATIONS_OF_A_POLLER * provisionedPollers.maximum : workerConcurrency;
