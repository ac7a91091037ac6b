export interface RetryPolicy {
  /** Leases without progress after which a job fails. */
  readonly maxAttempts: number;
  readonly baseMs: number;
  readonly capMs: number;
}

/** SQS hides a message for at most 12 hours. */
const LONGEST_RETRY_AFTER_MS = 12 * 3600 * 1000;

/**
 * How long to wait, in milliseconds, before attempt `strikes + 1`: full jitter under an exponentially growing ceiling.
 * The origin's Retry-After replaces this, with at least `baseMs` and at most 12 hours.
 */
export function retryDelayMs(
  policy: RetryPolicy,
  strikes: number,
  fraction: number,
  retryAfterMs: number | undefined,
): number {
  if (retryAfterMs !== undefined) return Math.min(Math.max(retryAfterMs, policy.baseMs), LONGEST_RETRY_AFTER_MS);
  const ceilingMs = Math.min(policy.capMs, policy.baseMs * 2 ** Math.max(0, strikes - 1));
  return Math.ceil(fraction * ceilingMs);
}
