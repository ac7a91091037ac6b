/** Limits that both the settings' rules and the resources go by. */

/**
 * The worker gives up on a job by itself after `maxAttempts` deliveries, with a reason on record. A message gets here
 * only when the worker cannot even say so, thus the limit lies well above any environment's `maxAttempts`.
 */
export const MAX_RECEIVE_COUNT = 16;

/** SQS keeps none for longer. */
export const MESSAGES_KEPT_DAYS = 14;

/** An upload outlives the longest chain of invocations that may carry it. */
export const UPLOADS_KEPT_DAYS = 3;
