/** How a rule for hosts is written. */

export interface HostLimits {
  /** Connections at a time, over all workers. Undefined: any number. */
  readonly connections?: number | undefined;
  /** Requests a second, over all workers; less than 1 is possible. Undefined: any number. */
  readonly perSecond?: number | undefined;
}

/**
 * A pattern (a host name, `*.` and a domain, or `*`) and its limits. `{}` sets no limit, and still has all workers
 * leave a host alone that asks for it, or that is down. `unlimited` costs nothing: workers know nothing of each
 * other.
 */
export type HostRule = readonly [pattern: string, limits: HostLimits | "unlimited"];
