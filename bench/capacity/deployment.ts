/** What the model is about: jobs, and what they run on. */
import type { Rate } from "./rate-limit.ts";

/** Limits on a rate. */
export const RATE_LIMITS = ["table", "index", "watch shards", "staging bucket", "content bucket"] as const;
export type RateLimitName = (typeof RATE_LIMITS)[number];
/** What a job takes from each of them. */
export type Use = Readonly<Record<RateLimitName, number>>;

/** What holds jobs back. "lane": its concurrency. "scale-up": the mapping is on its way there. */
export type Limit = "in flight" | "lane" | "scale-up" | "account" | RateLimitName;

export interface Load {
  readonly name: string;
  /** How long an invocation takes that has this many jobs, none of them long. */
  readonly batchMs: (jobs: number) => number;
  readonly use: Use;
  readonly long: {
    readonly share: number;
    readonly ms: number;
    readonly use: Use;
    /** What handing it over to the long lane takes in addition. */
    readonly handOver: Use;
  };
  /** Jobs that the origin asks to wait, each time that they come. */
  readonly waits: { readonly share: number; readonly ms: number };
}

export interface Lane {
  readonly batch: number;
  /** Invocations at the same time, at most. */
  readonly concurrency: number;
  /** How many invocations there may be at the start, and how many more a second while messages are waiting. */
  readonly scaling: { readonly startsAt: number; readonly moreEachSecond: number };
}

export interface Deployment {
  readonly name: string;
  readonly short: Lane;
  /** Undefined: there is one lane, and a long job keeps its batch until it ends. */
  readonly long: (Lane & { readonly handOverMs: number }) | undefined;
  /** The account's concurrency that is left for both lanes. */
  readonly accountConcurrency: number;
  /** Messages of a queue that are received and not deleted. */
  readonly mostInFlight: number;
  /** Whether the message of a job that waits stays received. */
  readonly waitsInFlight: boolean;
  readonly rates: Readonly<Record<RateLimitName, Rate>>;
  /** Jobs that EventBridge announces in a second. More are late: they hold nothing back. */
  readonly announcedASecond: number;
}
