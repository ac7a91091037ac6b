import type { JobRecord } from "../../core/model/record.ts";
import { isOverdue, type Situation } from "../jobs/situation.ts";
import { describeReason, formatDuration, timeOf } from "../shared/words.ts";
import { TYPED } from "../terminal/typed.ts";

/** A job as it is at a moment. */
export interface Moment {
  readonly job: JobRecord;
  readonly situation: Situation;
  readonly nowMs: number;
  readonly stack: string;
}

/** `at 2026-11-28T08:00:00.000Z, in 12.0 s` */
export function whenOf(atMs: number, nowMs: number): string {
  const far = formatDuration(Math.abs(atMs - nowMs));
  return `${timeOf(atMs)} (${atMs > nowMs ? `in ${far}` : `${far} ago`})`;
}

/** A reason for people: without what only a local run could be told. */
export const whyOf = ({ reason }: JobRecord): string | undefined =>
  reason === undefined ? undefined : `${reason}: ${describeReason(reason).split(";")[0]}`;

/** For a shell. A reason may hold what an origin has said. */
const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** What happens next, and who brings it about. */
export function describeNext(moment: Moment): readonly string[] {
  const next = NEXT[moment.situation](moment);
  return [...next, ...lateness(moment)];
}

const queueOf = ({ isLong }: JobRecord): string => (isLong ? "the long lane's queue" : "the work queue");

const NEXT: Readonly<Record<Situation, (moment: Moment) => readonly string[]>> = {
  stored: () => ["Nothing. It is done. A second message for it is answered from this record."],

  failed: ({ job, stack }) => [
    "Nothing by itself: it stays FAILED, whatever is delivered for it.",
    `An operator can reopen it: ${TYPED} redrive failed --stack ${stack} --reason ${quoted(job.reason ?? "")} --dry-run`,
  ],

  held: ({ job, nowMs }) => {
    const { availableAtMs = 0, watchAtMs } = job;
    return [
      "The worker goes on, and renews its lease while it does.",
      watchAtMs === undefined
        ? `If the worker dies, the job's message comes back once the lease has ended, at ${whenOf(availableAtMs, nowMs)}: the ` +
          "next worker takes the job over. The reconciler does not watch this lease."
        : `If the worker dies, the reconciler takes the lease away at its first run after ${whenOf(watchAtMs, nowMs)}, ` +
          `raises the fence to ${job.fence + 1}, and sends a message to ${queueOf(job)}.`,
    ];
  },

  expired: ({ job }) => [
    job.watchAtMs === undefined
      ? "Its message comes back when its visibility timeout ends, and the next worker takes the job over. The reconciler does " +
        "not watch this lease. If nothing happens for a quarter of an hour, look for its message in the dead letters."
      : `The reconciler takes the lease away at its next run (every minute), raises the fence to ${job.fence + 1}, and sends a ` +
        `message to ${queueOf(job)}. If its holder is still alive, its writes are refused from then on.`,
  ],

  parked: ({ job, nowMs }) => {
    const { availableAtMs = 0, watchAtMs = 0 } = job;
    return [
      `It waits until ${whenOf(availableAtMs, nowMs)}${because(job)}. No message of it is in a queue.`,
      `The reconciler sends one to ${queueOf(job)} at its first run after ${whenOf(watchAtMs, nowMs)}; the queue keeps it back ` +
        "until the job's time.",
    ];
  },

  delayed: ({ job, nowMs }) => {
    const { availableAtMs = 0 } = job;
    return [
      `It waits until ${whenOf(availableAtMs, nowMs)}${because(job)}. A message in ${queueOf(job)}, kept back until then, brings it back.`,
      ifLost(job, nowMs),
    ];
  },

  available: ({ job, nowMs }) => [
    `A worker may take it now. It waits for its message in ${queueOf(job)} to be delivered.`,
    ifLost(job, nowMs),
  ],
};

const because = ({ reason }: JobRecord): string =>
  reason === undefined ? "" : `, because its last attempt ended with ${reason}`;

const ifLost = ({ watchAtMs }: JobRecord, nowMs: number): string =>
  watchAtMs === undefined
    ? "Only that message brings it back: the reconciler does not watch it. If nothing happens for a quarter of an hour, look " +
      "for the message in the dead letters."
    : `If that message is lost, the reconciler sends another at its first run after ${whenOf(watchAtMs, nowMs)}.`;

function lateness({ job, nowMs, situation }: Moment): readonly string[] {
  if (situation === "stored" || situation === "failed" || !isOverdue(job, nowMs)) return [];
  const since = formatDuration(nowMs - (job.watchAtMs ?? nowMs));
  return [
    `That is late: the reconciler should have looked at it ${since} ago. Look at its log, and at the alarm recovery-lag.`,
  ];
}
