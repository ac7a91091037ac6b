/**
 * What every alarm of prod must do. The numbers are written by hand, apart from the catalogue in `dashboards/`, so that
 * a wrong number there does not agree with itself.
 */
import type { ByTraffic, Episode, ExpectedAlarm } from "./expectation.ts";
import { ratio } from "./expected-ratios.ts";
import { stall } from "./expected-stalls.ts";
import { allSlow, failing, hostFails, notStarted, silence } from "./expected-silences.ts";
import { sums, threshold } from "./expected-thresholds.ts";
import type { Entry } from "./tape.ts";

const lump = (...marks: readonly Omit<Entry, "minute">[]): Episode =>
  marks.map((mark) => Object.assign({}, mark, { minute: 0 }));
const jobs: ByTraffic = {
  good: [[{ what: "job done", value: 1000 }]],
  bad: [{ what: "job failed" }],
  count: (reading) => {
    const failed =
      reading.times("job failed") + reading.times("job given up") + reading.times("job given up elsewhere");
    return { bad: failed, valid: failed + reading.times("job done") };
  },
  reports: ["job given up", "job given up elsewhere"],
  more: (bad) => ({ fires: [lump({ what: "job given up", times: bad })], nearMiss: [] }),
};
/** The host that made most jobs fail is left out. */
const jobsOfOtherHosts: ByTraffic = {
  ...jobs,
  count: (reading) => {
    const { bad, valid } = jobs.count(reading);
    return { bad: bad - Math.max(reading.times("job given up"), reading.times("job given up elsewhere")), valid };
  },
  more: (bad) => ({
    fires: [
      lump({ what: "job given up", times: 2 * bad }, { what: "job given up elsewhere", times: bad }),
      lump({ what: "job given up", times: bad }, { what: "job failed", times: bad }),
    ],
    nearMiss: [
      lump({ what: "job given up", times: 5000 }, { what: "job done", value: 1000, times: 5000 }),
      lump({ what: "job given up", times: 2 * bad }, { what: "job given up elsewhere", times: bad - 1 }),
      lump({ what: "job given up elsewhere", times: bad - 1 }, { what: "job failed", times: bad - 1 }),
    ],
  }),
};
const messages: ByTraffic = {
  good: [[{ what: "lease taken", value: 10 }]],
  bad: [{ what: "message failing" }],
  also: [{ what: "message failing again" }],
  count: (reading) => {
    const bad = reading.times("message failing");
    return { bad, valid: bad + reading.times("lease taken") };
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
const HOUR = 60;
const DAY = 1440;
const WEEK = 7 * DAY;
const PAGE = { severity: "page" } as const;
const TICKET = { severity: "ticket" } as const;
const short = { finished: "finished messages" } as const;
const long = { finished: "finished long messages" } as const;

export const EXPECTED: readonly ExpectedAlarm[] = [
  // Ratios are in ten-thousandths. 99.5 % a day: the budget is 0.5 %; factors 6, 2 and 1.
  ratio("job-completion-fast", jobsOfOtherHosts, {
    ...PAGE,
    saidBy: "job-completion-slow",
    long: HOUR,
    levels: [
      { bad: 3, ratio: 1000 },
      { bad: 4, ratio: 300 },
    ],
    short: { minutes: 30, bad: 1, ratio: 50 },
  }),
  ratio("job-completion-slow", jobsOfOtherHosts, {
    ...PAGE,
    long: 6 * HOUR,
    levels: [
      { bad: 3, ratio: 1500 },
      { bad: 5, ratio: 100 },
    ],
    short: { minutes: 120, bad: 1, ratio: 50 },
  }),
  ratio("job-completion-breached", jobs, { ...TICKET, long: DAY, levels: [{ bad: 4, ratio: 50 }] }),
  // p50 < 30 s: half of the jobs may be slower.
  ratio("time-to-complete-median-breached", slowerThan(30_000), {
    ...TICKET,
    long: DAY,
    levels: [{ bad: 50, ratio: 5000 }],
  }),
  // p95 < 120 s: one in twenty may be slower.
  ratio("time-to-complete-tail-fast", slowerThan(120_000), {
    ...PAGE,
    long: HOUR,
    levels: [{ bad: 300, ratio: 3000 }],
    short: { minutes: 30, bad: 10, ratio: 1000 },
  }),
  ratio("time-to-complete-tail-breached", slowerThan(120_000), {
    ...TICKET,
    long: DAY,
    levels: [
      { bad: 10, ratio: 5000 },
      { bad: 30, ratio: 500 },
    ],
  }),
  ratio("crash-recovery-breached", recoveries, { ...TICKET, long: WEEK, levels: [{ bad: 5, ratio: 10 }] }),
  // p99 < 100 ms: one in a hundred may be slower.
  ratio("lease-acquisition-breached", leases, { ...TICKET, long: DAY, levels: [{ bad: 60, ratio: 100 }] }),
  // 5 % a week: 20 % of the budget within six hours is factor 5.6.
  ratio("operation-replay-slow", operations, {
    ...TICKET,
    long: 6 * HOUR,
    levels: [
      { bad: 20, ratio: 5000 },
      { bad: 84, ratio: 2800 },
    ],
  }),
  ratio("operation-replay-breached", operations, { ...TICKET, long: WEEK, levels: [{ bad: 50, ratio: 500 }] }),

  stall("queue-stalled", { ...PAGE, work: { least: "waiting messages" }, ...short, limit: 1, minutes: 5, periods: 2 }),
  stall("long-queue-stalled", {
    ...PAGE,
    work: { least: "waiting long messages" },
    ...long,
    limit: 1,
    minutes: 5,
    periods: 4,
  }),
  threshold("dead-letters", { ...TICKET, most: "dead letters", limit: 1, minutes: 5 }),
  threshold("dead-letters-many", { ...TICKET, most: "dead letters", limit: 100, minutes: 5 }),
  // A quarter of an hour, in milliseconds; for three times five minutes.
  threshold("announcements-late", { ...PAGE, most: "announcer lag", limit: 900_000, minutes: 5, periods: 3 }),
  // An hour, in milliseconds; for two times fifteen minutes.
  threshold("archive-late", { ...TICKET, most: "archiver lag", limit: 3_600_000, minutes: 15, periods: 2 }),
  notStarted("announcer-not-started", {
    ...PAGE,
    work: "job done",
    started: "announcer invocations",
    least: 1,
    minutes: 30,
    periods: 2,
  }),
  notStarted("archiver-not-started", {
    ...TICKET,
    work: "records forgotten",
    started: "archiver invocations",
    least: 10,
    minutes: 6 * HOUR,
  }),
  threshold("stream-dead-letters", { ...TICKET, most: "stream dead letters", limit: 1, minutes: 5 }),
  hostFails("host-failing", { ...TICKET, limit: 50, of: 50, minutes: HOUR }),
  silence("reconciler-silent", { ...PAGE, what: "reconciler run", value: 0, minutes: 5 }),
  // Ten minutes, in milliseconds.
  threshold("oldest-expired-lease", { ...TICKET, most: "reconciler run", limit: 600_000, minutes: 5 }),
  // A quarter of an hour, in milliseconds; for three times five minutes.
  threshold("recovery-lag", { ...TICKET, most: "reconciler behind", limit: 900_000, minutes: 5, periods: 3 }),
  sums("reconciler-failing", { ...TICKET, plus: ["reconciler errors"], limit: 3, minutes: 15, filled: false }),
  threshold("records-unreadable", { ...TICKET, most: "records unreadable", limit: 1, minutes: 10, periods: 2 }),
  silence("rollout-silent", { ...TICKET, what: "rollout invocations", value: 1, minutes: 5 }),
  sums("rollout-failing", { ...TICKET, plus: ["rollout errors"], limit: 3, minutes: 15, filled: false }),
  silence("batches-silent", { ...TICKET, what: "batches invocations", value: 1, minutes: 5 }),
  sums("batches-failing", { ...TICKET, plus: ["batches errors"], limit: 3, minutes: 15, filled: false }),
  ratio("deliveries-failing", messages, {
    ...PAGE,
    long: 2 * HOUR,
    levels: [
      { bad: 3, ratio: 3000 },
      { bad: 5, ratio: 1000 },
    ],
    short: { minutes: HOUR, bad: 1, ratio: 100 },
  }),
  failing("worker-failing", { ...PAGE, worker: "worker", oneOf: 5, minutes: 5 }),
  failing("long-worker-failing", { ...PAGE, worker: "long worker", oneOf: 2, minutes: HOUR }),
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
    plus: ["read throttles", "write throttles", "index read throttles", "index throttles"],
    limit: 50,
    minutes: 5,
    periods: 3,
  }),
  allSlow("leases-all-slow", { ...TICKET, limit: 500, least: 3, minutes: 2 * HOUR }),
  sums("clocks-off", { ...TICKET, plus: ["clock off"], limit: 2, minutes: HOUR, filled: false }),
];
