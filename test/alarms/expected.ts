/**
 * What every alarm of prod must do. The numbers are written by hand, apart from the catalogue in `dashboards/`, so that
 * a wrong number there does not agree with itself.
 */
import type { ByTraffic, ExpectedAlarm } from "./expectation.ts";
import { ratio } from "./expected-ratios.ts";
import { stall } from "./expected-stalls.ts";
import { silence, sums, threshold } from "./expected-thresholds.ts";

const jobs: ByTraffic = {
  good: [[{ what: "job done", value: 1000 }]],
  bad: [{ what: "job failed" }],
  count: (reading) => {
    const bad = reading.times("job failed");
    return { bad, valid: bad + reading.times("job done") };
  },
};
/** A failed job counts neither as slow nor as valid, but it leaves a sample of 0 completed jobs. */
const slowerThan = (limitMs: number): ByTraffic => ({
  good: [[{ what: "job done", value: limitMs }], [{ what: "job done", value: 1000 }]],
  bad: [{ what: "job done", value: limitMs + 1 }],
  also: [{ what: "job failed" }],
  count: (reading) => ({ bad: reading.times("job done", limitMs + 1), valid: reading.times("job done") }),
});
const leases: ByTraffic = {
  good: [[{ what: "lease taken", value: 100 }]],
  bad: [{ what: "lease taken", value: 101 }],
  count: (reading) => ({ bad: reading.times("lease taken", 101), valid: reading.times("lease taken") }),
};
const recoveries: ByTraffic = {
  good: [[{ what: "reconciler run", value: 180_000 }]],
  bad: [{ what: "reconciler run", value: 180_001 }],
  also: [{ what: "reconciler run", value: 0 }],
  count: (reading) => {
    const bad = reading.times("reconciler run", 180_001);
    return { bad, valid: bad + reading.times("reconciler run", 180_000) };
  },
};
const operations: ByTraffic = {
  good: [[{ what: "operation completed" }]],
  bad: [{ what: "operation replayed" }],
  count: (reading) => {
    const bad = reading.times("operation replayed");
    return { bad, valid: bad + reading.times("operation completed") };
  },
};
/** Lambda reports Errors of 0 for each invocation without an error. */
const invocationsOf = (worker: "worker" | "long worker"): ByTraffic => ({
  good: [[{ what: `${worker} invocations` }, { what: `${worker} errors`, value: 0 }]],
  bad: [{ what: `${worker} invocations` }, { what: `${worker} errors` }],
  count: (reading) => ({ bad: reading.sum(`${worker} errors`), valid: reading.sum(`${worker} invocations`) }),
});

const HOUR = 60;
const DAY = 1440;
const WEEK = 7 * DAY;
const PAGE = { severity: "page" } as const;
const TICKET = { severity: "ticket" } as const;
const fast = { long: HOUR, short: 5 };
const short = { finished: "finished messages" } as const;
const long = { finished: "finished long messages" } as const;
const slow = { long: 6 * HOUR, short: 30 };

export const EXPECTED: readonly ExpectedAlarm[] = [
  // Ratios are in ten-thousandths. 99.5 % a day: the budget is 0.5 %; factors 6, 2 and 1.
  ratio("job-completion-fast", jobs, { ...PAGE, ...fast, ratio: 300, least: 100 }),
  ratio("job-completion-slow", jobs, { ...PAGE, ...slow, ratio: 100, least: 300 }),
  ratio("job-completion-breached", jobs, { ...TICKET, long: DAY, ratio: 50, least: 600 }),
  ratio("job-completion-few", jobs, { ...PAGE, long: 6 * HOUR, ratio: 2000, below: 300, leastBad: 3 }),
  // p50 < 30 s: half of the jobs may be slower. Factor 1.5 in six hours; 2 cannot be exceeded.
  ratio("time-to-complete-median-slow", slowerThan(30_000), { ...TICKET, ...slow, ratio: 7500, least: 300 }),
  ratio("time-to-complete-median-breached", slowerThan(30_000), { ...TICKET, long: DAY, ratio: 5000, least: 600 }),
  // p95 < 120 s: one in twenty may be slower.
  ratio("time-to-complete-tail-fast", slowerThan(120_000), { ...PAGE, ...fast, ratio: 3000, least: 100 }),
  ratio("time-to-complete-tail-slow", slowerThan(120_000), { ...TICKET, ...slow, ratio: 1000, least: 300 }),
  ratio("time-to-complete-tail-breached", slowerThan(120_000), { ...TICKET, long: DAY, ratio: 500, least: 600 }),
  ratio("time-to-complete-tail-few", slowerThan(120_000), {
    ...TICKET,
    long: 6 * HOUR,
    ratio: 5000,
    below: 300,
    leastBad: 10,
  }),
  // 99.9 % a week: 10 % of the budget within an hour is factor 16.8, 40 % within a day 2.8.
  ratio("crash-recovery-fast", recoveries, { ...PAGE, ...fast, ratio: 168, least: 179 }),
  ratio("crash-recovery-day", recoveries, { ...TICKET, long: DAY, short: 2 * HOUR, ratio: 28, least: 1072 }),
  ratio("crash-recovery-breached", recoveries, { ...TICKET, long: WEEK, ratio: 10, least: 3000 }),
  // p99 < 100 ms: one in a hundred may be slower.
  ratio("lease-acquisition-fast", leases, { ...TICKET, ...fast, ratio: 600, least: 100 }),
  ratio("lease-acquisition-slow", leases, { ...TICKET, ...slow, ratio: 200, least: 300 }),
  ratio("lease-acquisition-breached", leases, { ...TICKET, long: DAY, ratio: 100, least: 600 }),
  // 5 % a week: 20 % of the budget within six hours is factor 5.6, 40 % within a day 2.8.
  ratio("operation-replay-slow", operations, { ...TICKET, ...slow, ratio: 2800, least: 300 }),
  ratio("operation-replay-day", operations, { ...TICKET, long: DAY, short: 2 * HOUR, ratio: 1400, least: 600 }),
  ratio("operation-replay-breached", operations, { ...TICKET, long: WEEK, ratio: 500, least: 1000 }),
  ratio("operation-replay-few", operations, { ...TICKET, long: DAY, ratio: 5000, below: 600, leastBad: 20 }),

  stall("queue-stalled", { ...PAGE, work: { least: "waiting messages" }, ...short, limit: 1, minutes: 5, periods: 2 }),
  stall("long-queue-stalled", {
    ...PAGE,
    work: { least: "waiting long messages" },
    ...long,
    limit: 1,
    minutes: 5,
    periods: 4,
  }),
  // 45 minutes, in seconds.
  stall("oldest-message", { ...PAGE, work: { most: "oldest message" }, ...short, limit: 2700, minutes: 5, periods: 3 }),
  stall("long-oldest-message", {
    ...TICKET,
    work: { most: "oldest long message" },
    ...long,
    limit: 2700,
    minutes: 5,
    periods: 4,
  }),
  threshold("dead-letters", { ...TICKET, most: "dead letters", limit: 1, minutes: 5 }),
  // A quarter of an hour, in milliseconds; for three times five minutes.
  threshold("announcements-late", { ...PAGE, most: "announcer lag", limit: 900_000, minutes: 5, periods: 3 }),
  // An hour, in milliseconds; for two times fifteen minutes.
  threshold("archive-late", { ...TICKET, most: "archiver lag", limit: 3_600_000, minutes: 15, periods: 2 }),
  threshold("stream-dead-letters", { ...TICKET, most: "stream dead letters", limit: 1, minutes: 5 }),
  threshold("host-failing", {
    ...TICKET,
    each: ["job failed", "job refused", "job refused elsewhere"],
    limit: 50,
    minutes: 15,
  }),
  silence("reconciler-silent", { ...PAGE, what: "reconciler run", value: 0, minutes: 5 }),
  // Ten minutes, in milliseconds.
  threshold("oldest-expired-lease", { ...TICKET, most: "reconciler run", limit: 600_000, minutes: 5 }),
  // A quarter of an hour, in milliseconds; for three times five minutes.
  threshold("recovery-lag", { ...TICKET, most: "reconciler behind", limit: 900_000, minutes: 5, periods: 3 }),
  sums("reconciler-failing", { ...TICKET, plus: ["reconciler errors"], limit: 3, minutes: 15, filled: false }),
  threshold("records-unreadable", { ...TICKET, most: "records unreadable", limit: 1, minutes: 10, periods: 2 }),
  silence("rollout-silent", { ...TICKET, what: "rollout invocations", value: 1, minutes: 5 }),
  sums("rollout-failing", { ...TICKET, plus: ["rollout errors"], limit: 3, minutes: 15, filled: false }),
  ratio("worker-failing", invocationsOf("worker"), { ...PAGE, long: 15, ratio: 1000, leastBad: 3 }),
  ratio("long-worker-failing", invocationsOf("long worker"), { ...PAGE, long: 15, ratio: 1000, leastBad: 3 }),
  // Five seconds before the time-outs of 120 s and 900 s.
  threshold("worker-timing-out", { ...TICKET, most: "worker duration", limit: 115_000, minutes: 15 }),
  threshold("long-worker-timing-out", { ...TICKET, most: "long worker duration", limit: 895_000, minutes: 15 }),
  sums("functions-throttled", {
    ...TICKET,
    plus: ["worker throttles", "long worker throttles", "reconciler throttles"],
    limit: 10,
    minutes: 15,
  }),
  sums("table-throttled", {
    ...TICKET,
    plus: ["read throttles", "write throttles", "index throttles"],
    limit: 50,
    minutes: 5,
    periods: 3,
  }),
  threshold("leases-all-slow", { ...TICKET, least: "lease taken", limit: 500, minutes: 5, periods: 3 }),
  sums("ledger-growing", {
    ...TICKET,
    plus: ["job planned"],
    minus: ["records forgotten"],
    limit: 1_000_000,
    minutes: DAY,
  }),
];
