/** Slow files, slow leases, replays. */
import type { Incident } from "./incident.ts";
import { DAY, HOUR, QUIET, VOLUMES } from "./volumes.ts";

export const latency: readonly Incident[] = [
  {
    id: "120 healthy videos an hour, for a day",
    perHour: 120,
    before: 4 * HOUR,
    lasts: DAY,
    after: HOUR,
    fault: (step) => (step.slow = step.done),
    verdict: {},
    why: "They are long, not late.",
  },
  ...VOLUMES.slice(3).map((perHour): Incident => ({
    id: `every file is slow, ${perHour} an hour`,
    perHour,
    before: 4 * HOUR,
    lasts: 3 * HOUR,
    after: QUIET,
    fault: (step) => (step.slow = step.done),
    verdict: { page: { runbook: "time-to-complete-tail", within: 30, over: 45 } },
    why: "So many files are not one producer's videos: users wait.",
  })),
  ...VOLUMES.slice(3).map((perHour): Incident => ({
    id: `one file of ten is slow, ${perHour} an hour`,
    perHour,
    before: 4 * HOUR,
    lasts: 20 * HOUR,
    after: HOUR,
    fault: (step) => (step.slow = Math.floor(step.done / 10)),
    verdict: { ticket: { runbook: "time-to-complete-tail", within: 20 * HOUR } },
    why: "Twice the budget of the day.",
  })),
  ...VOLUMES.map((perHour): Incident => ({
    id: `leases take 800 ms, all of them, ${perHour} an hour`,
    perHour,
    before: 4 * HOUR,
    lasts: 5 * HOUR,
    after: HOUR,
    fault: (step) => (step.slowLeases = step.leases),
    verdict: { ticket: { runbook: "leases-all-slow", within: 130 } },
    why: "Each file starts late. Users hardly feel it.",
  })),
  ...[3600, 360_000].map((perHour): Incident => ({
    id: `something crashes again and again, and its operations are replayed, ${perHour} an hour`,
    perHour,
    before: 4 * HOUR,
    lasts: 6 * HOUR,
    after: HOUR,
    fault: (step) => (step.replayed = step.done * 4),
    verdict: { ticket: { runbook: "operation-replay", within: 5 * HOUR } },
    why: "Nothing wrong is delivered.",
  })),
  ...[3600, 360_000].map((perHour): Incident => ({
    id: `a hundred jobs a second or one: records are made, ${perHour} an hour`,
    perHour,
    before: 4 * HOUR,
    lasts: DAY,
    after: HOUR,
    fault: (step) => {
      step.expired = 0;
      step.archived = 0;
    },
    verdict: { silent: true },
    why: "The table grows because there is work.",
  })),
];
