/** A deployment in good health, in steps of five minutes, as its metrics show it. A fault changes a step. */
import type { Entry, What } from "../tape.ts";

export const STEP = 5;

/** What happens in one step. */
interface Step {
  /** Jobs that are delivered. */
  arrived: number;
  done: number;
  /** Of those, slower than both goals. */
  slow: number;
  /** For our own fault; for that of one host, and of another. */
  failed: number;
  givenUp: number;
  givenUpElsewhere: number;
  refused: number;
  leases: number;
  slowLeases: number;
  failing: number;
  failingAgain: number;
  replayed: number;
  clocksOff: number;
  runs: number;
  /** Milliseconds for which the oldest recovered lease had been expired, and the reconciler's lag. */
  expiredMs: number;
  recovered: number;
  lagMs: number;
  unreadable: number;
  reconcilerErrors: number;
  rolloutRuns: number;
  rolloutErrors: number;
  batchRuns: number;
  batchErrors: number;
  invocations: number;
  errors: number;
  durationMs: number;
  longInvocations: number;
  longErrors: number;
  longDurationMs: number;
  waiting: number;
  finished: number;
  waitingLong: number;
  finishedLong: number;
  dead: number;
  announced: number;
  announcerLagMs: number;
  expired: number;
  archived: number;
  archiverLagMs: number;
  streamDead: number;
  throttles: number;
  tableThrottles: number;
  indexReadThrottles: number;
}

/** Whole events of a steady rate: none is lost, none is early. */
const steady = (perHour: number, step: number): number =>
  Math.floor(((step + 1) * perHour * STEP) / 60) - Math.floor((step * perHour * STEP) / 60);

/** A tenth of the budget fails and a tenth of the budget is slow, in the same regular way. */
function healthy(perHour: number, step: number): Step {
  const arrived = steady(perHour, step);
  const failed = steady(perHour * 0.0005, step);
  const done = Math.max(0, arrived - failed);
  const expired = steady(perHour * 0.9, step);
  const invocations = Math.ceil(arrived / 10);
  return {
    arrived,
    done,
    failed,
    slow: Math.min(done, steady(perHour * 0.005, step)),
    givenUp: 0,
    givenUpElsewhere: 0,
    refused: steady(perHour * 0.01, step),
    leases: arrived,
    slowLeases: steady(perHour * 0.001, step),
    failing: 0,
    failingAgain: 0,
    replayed: 0,
    clocksOff: 0,
    runs: STEP,
    expiredMs: 0,
    recovered: 0,
    lagMs: 0,
    unreadable: 0,
    reconcilerErrors: 0,
    rolloutRuns: STEP,
    rolloutErrors: 0,
    batchRuns: STEP,
    batchErrors: 0,
    invocations,
    errors: 0,
    durationMs: 3000,
    longInvocations: Math.ceil(arrived / 100),
    longErrors: 0,
    longDurationMs: 60_000,
    waiting: 0,
    finished: arrived,
    waitingLong: 0,
    finishedLong: Math.ceil(arrived / 100),
    dead: 0,
    announced: done > 0 ? Math.ceil(done / 100) : 0,
    announcerLagMs: 1000,
    expired,
    archived: expired > 0 ? 1 : 0,
    archiverLagMs: 300_000,
    streamDead: 0,
    throttles: 0,
    tableThrottles: 0,
    indexReadThrottles: 0,
  };
}

/** @param sinceMinutes since the fault began. */
export type Fault = (step: Step, sinceMinutes: number) => void;

export interface Story {
  readonly perHour: number;
  /** Minutes of good health, of the fault, and of good health after it. */
  readonly before: number;
  readonly lasts: number;
  readonly after: number;
  readonly fault: Fault;
}

export function tapeOf({ perHour, before, lasts, after, fault }: Story): readonly Entry[] {
  const entries: Entry[] = [];
  for (let minute = 0; minute < before + lasts + after; minute += STEP) {
    const step = healthy(perHour, minute / STEP);
    if (minute >= before && minute < before + lasts) fault(step, minute - before);
    entries.push(...entriesOf(step, minute + 2));
  }
  return entries;
}

function entriesOf(step: Step, minute: number): readonly Entry[] {
  const events = (what: What, times: number, value = 1): readonly Entry[] =>
    times > 0 ? [{ minute, what, value, times }] : [];
  /** A sample that is there, whatever its value. */
  const sample = (what: What, value: number): Entry => ({ minute, what, value });
  /** Lambda reports nothing of a function that did not run. */
  const runs = (invocations: What, errors: What, all: number, wrong: number): readonly Entry[] => [
    ...events(invocations, all),
    ...events(errors, wrong),
    ...events(errors, all - wrong, 0),
  ];
  const fresh = step.leases - step.slowLeases;
  return [
    ...events("job done", step.done - step.slow, 5000),
    ...events("job done", step.slow, 130_000),
    ...events("job failed", step.failed),
    ...events("job given up", step.givenUp),
    ...events("job given up elsewhere", step.givenUpElsewhere),
    ...events("job refused", step.refused),
    ...events("lease taken", fresh, 10),
    ...events("lease taken", step.slowLeases, 800),
    ...events("message failing", step.failing),
    ...events("message failing again", step.failingAgain),
    ...events("operation completed", step.done * 4),
    ...events("operation replayed", step.replayed),
    ...events("clock off", step.clocksOff),
    ...events("reconciler behind", step.runs, step.lagMs),
    ...events("reconciler run", step.recovered, step.expiredMs),
    ...events("records unreadable", step.unreadable > 0 ? 1 : 0, step.unreadable),
    ...events("reconciler errors", step.reconcilerErrors),
    ...runs("rollout invocations", "rollout errors", step.rolloutRuns, step.rolloutErrors),
    ...runs("batches invocations", "batches errors", step.batchRuns, step.batchErrors),
    ...runs("worker invocations", "worker errors", step.invocations, step.errors),
    ...(step.invocations > 0 ? [sample("worker duration", step.durationMs)] : []),
    ...runs("long worker invocations", "long worker errors", step.longInvocations, step.longErrors),
    ...(step.longInvocations > 0 ? [sample("long worker duration", step.longDurationMs)] : []),
    sample("waiting messages", step.waiting),
    sample("finished messages", step.finished),
    sample("waiting long messages", step.waitingLong),
    sample("finished long messages", step.finishedLong),
    sample("dead letters", step.dead),
    ...events("announcer invocations", step.announced),
    ...(step.announced > 0 ? [sample("announcer lag", step.announcerLagMs)] : []),
    ...events("records forgotten", step.expired > 0 ? 1 : 0, step.expired),
    ...events("archiver invocations", step.archived),
    ...(step.archived > 0 ? [sample("archiver lag", step.archiverLagMs)] : []),
    sample("stream dead letters", step.streamDead),
    ...events("worker throttles", step.throttles),
    ...events("write throttles", step.tableThrottles > 0 ? 1 : 0, step.tableThrottles),
    ...events("index read throttles", step.indexReadThrottles > 0 ? 1 : 0, step.indexReadThrottles),
  ];
}
