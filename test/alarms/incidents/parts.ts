/** The parts beside the workers: announcer, archiver, reconciler, rollout controller, batch follower, clocks. */
import type { Incident } from "./incident.ts";
import type { Fault } from "./plant.ts";
import { HOUR, LATE, QUIET, VOLUMES } from "./volumes.ts";

interface Kind {
  readonly what: string;
  readonly at?: readonly number[];
  readonly lasts?: number;
  readonly fault: Fault;
  readonly verdict: Incident["verdict"];
  readonly why: string;
}

const KINDS: readonly Kind[] = [
  {
    what: "the announcer is never started",
    at: VOLUMES,
    fault: (step) => (step.announced = 0),
    verdict: { page: { runbook: "announcements-late", within: 70, over: 35 } },
    why: "Consumers wait, and the stream forgets after a day.",
  },
  {
    what: "the announcer fails",
    at: [20, 3600, 36_000_000],
    fault: (step, since) => {
      step.announced = Math.max(1, step.announced);
      step.announcerLagMs = since * 60_000;
    },
    verdict: { page: { runbook: "announcements-late", within: 40, over: 20 } },
    why: "Consumers wait, and the stream forgets after a day.",
  },
  {
    what: "the bus is gone for ten minutes",
    lasts: 10,
    fault: (step, since) => (step.announcerLagMs = since * 60_000),
    verdict: { silent: true },
    why: "Lambda tries again by itself.",
  },
  {
    what: "the archiver is never started",
    at: [3, 3600, 360_000],
    lasts: 8 * HOUR,
    fault: (step) => (step.archived = 0),
    verdict: { ticket: { runbook: "archive-late", within: 6 * HOUR + 10 } },
    why: "Most of a day is left to mend it.",
  },
  {
    what: "the archiver fails",
    lasts: 4 * HOUR,
    fault: (step, since) => {
      step.archived = 1;
      step.archiverLagMs = 300_000 + since * 60_000;
    },
    verdict: { ticket: { runbook: "archive-late", within: 110 } },
    why: "Most of a day is left to mend it.",
  },
  {
    what: "nothing has expired yet",
    at: [3, 3600],
    lasts: 12 * HOUR,
    fault: (step) => {
      step.expired = 0;
      step.archived = 0;
    },
    verdict: { silent: true },
    why: "A new environment has nothing to archive for a month.",
  },
  {
    what: "a stream record was set aside",
    fault: (step) => (step.streamDead = 1),
    verdict: { ticket: { runbook: "stream-dead-letters", within: 10 } },
    why: "A file may be stored and not announced.",
  },
  {
    what: "the reconciler is silent",
    at: VOLUMES,
    fault: (step) => (step.runs = 0),
    verdict: { page: { runbook: "reconciler-silent", within: 20, over: 10 } },
    why: "What crashes from now on does not come back.",
  },
  {
    what: "the reconciler fails now and then",
    fault: (step) => (step.reconcilerErrors = 1),
    verdict: { ticket: { runbook: "reconciler-failing", within: 20 } },
    why: "The next run does the work.",
  },
  {
    what: "the reconciler is far behind",
    lasts: 3 * HOUR,
    fault: (step, since) => (step.lagMs = since * 60_000),
    verdict: { ticket: { runbook: "recovery-lag", within: 40 } },
    why: "Nothing is lost, and each run goes on.",
  },
  {
    what: "a lease is recovered very late",
    fault: (step) => {
      step.recovered = 1;
      step.expiredMs = 700_000;
    },
    verdict: { ticket: { runbook: "oldest-expired-lease", within: 10 } },
    why: "One file came ten minutes late.",
  },
  {
    what: "a record cannot be read",
    lasts: 4 * HOUR,
    fault: (step) => (step.unreadable = 1),
    verdict: { ticket: { runbook: "records-unreadable", within: 30 } },
    why: "One file is missing.",
  },
  {
    what: "a clock is off",
    at: [3, 20, 3600],
    fault: (step) => (step.clocksOff = 1),
    verdict: { ticket: { runbook: "clocks-off", within: 15 } },
    why: "Fences keep effects single, but a lease of this worker may last for hours after its crash.",
  },
  {
    what: "the rollout controller is silent",
    fault: (step) => (step.rolloutRuns = 0),
    verdict: { ticket: { runbook: "gate-rollout", within: 20 } },
    why: "A person can turn the gate off by hand.",
  },
  {
    what: "the rollout controller fails",
    fault: (step) => (step.rolloutErrors = 1),
    verdict: { ticket: { runbook: "gate-rollout", within: 20 } },
    why: "A person can turn the gate off by hand.",
  },
  {
    what: "the batch follower is silent",
    fault: (step) => (step.batchRuns = 0),
    verdict: { ticket: { runbook: "batches-late", within: 20 } },
    why: "Files arrive all the same, and a report that comes late harms nobody.",
  },
  {
    what: "the batch follower fails",
    fault: (step) => (step.batchErrors = 1),
    verdict: { ticket: { runbook: "batches-late", within: 20 } },
    why: "Files arrive all the same, and a report that comes late harms nobody.",
  },
];

export const parts: readonly Incident[] = [
  ...KINDS.flatMap(({ what, at = [20, 3600], lasts = 2 * HOUR, ...kind }) =>
    at.map((perHour): Incident => ({
      id: `${what}, ${perHour} an hour`,
      perHour,
      before: 7 * HOUR,
      lasts,
      after: QUIET,
      ...kind,
    })),
  ),
  {
    id: "the reconciler is silent, metrics five minutes late",
    perHour: 20,
    before: 4 * HOUR,
    lasts: HOUR,
    after: QUIET,
    late: LATE,
    fault: (step) => (step.runs = 0),
    verdict: { page: { runbook: "reconciler-silent", within: 25 } },
    why: "What crashes from now on does not come back.",
  },
];
