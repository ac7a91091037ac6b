export interface Wait {
  readonly notBeforeMs: number;
  readonly isParked: boolean;
  readonly isCharged: boolean;
}

export interface RetryPolicy {
  /** Leases without progress after which a job fails. */
  readonly maxAttempts: number;
  readonly baseMs: number;
  readonly capMs: number;
  /** The longest wait that an origin may ask for. */
  readonly longestWaitMs: number;
}

/** Of what an origin asks for, up to a tenth is added, so that what it sent away does not come back at once. */
const JITTER = 0.1;
const MOST_JITTER_MS = 60_000;

/**
 * How long to wait, in milliseconds, before attempt `strikes + 1`: full jitter under an exponentially growing ceiling.
 * The wait that the origin asks for replaces this, with at least `baseMs` and at most `longestWaitMs`.
 */
export function retryDelayMs(
  policy: RetryPolicy,
  strikes: number,
  fraction: number,
  askedMs: number | undefined,
): number {
  if (askedMs !== undefined) {
    const waitMs = Math.min(Math.max(askedMs, policy.baseMs), policy.longestWaitMs);
    return Math.ceil(waitMs + fraction * Math.min(waitMs * JITTER, MOST_JITTER_MS));
  }
  const ceilingMs = Math.min(policy.capMs, policy.baseMs * 2 ** Math.max(0, strikes - 1));
  return Math.ceil(fraction * ceilingMs);
}
