import type { Waiting, Waits } from "../../local/run/waiting.ts";
import { describeReason, formatDuration, plural } from "../shared/words.ts";
import type { Snapshot } from "./view.ts";

/** Groups of jobs that are named. */
const MOST_NAMED = 2;

/** `12 jobs wait: 7 of a.example: the origin answered 503 Service Unavailable, next in 3.5 s; ...`. Empty if none. */
export function waitingText({ jobs, by }: Waiting): string {
  if (jobs === 0) return "";
  const named = by.slice(0, MOST_NAMED).map((waits) => groupText(waits, jobs));
  const others = by.length > MOST_NAMED ? ["and others"] : [];
  const what = [...named, ...others].join("; ");
  return `${plural(jobs, "job waits", "jobs wait")}${what === "" ? "" : `: ${what}`}`;
}

function groupText({ host, reason, jobs, inMs }: Waits, all: number): string {
  const share = jobs === undefined || jobs === all ? "" : `${jobs} of `;
  const why = reason === undefined ? "" : `: ${describeReason(reason)}`;
  return `${share}${host}${why}, next in ${formatDuration(inMs)}`;
}

/** Shorter waits are over before they are read. */
const LEAST_TOLD_MS = 500;
const LEAST_PAUSE_MS = 10_000;
/** A next moment that is so much later or sooner than what was told is news. */
const MUCH_MS = 60_000;

export interface Standstill {
  /** Everything that is left waits. */
  readonly isStill: boolean;
  /** What there is to say of it that was not said before. */
  readonly news: string | undefined;
}

const STIRS: Standstill = { isStill: false, news: undefined };

/** Notices that everything that is left waits. Says so once, and again when it has changed much. */
export function standstill(): (snapshot: Snapshot) => Standstill {
  let told: { readonly atMs: number; readonly jobs: number; readonly nextAtMs: number } | undefined;
  return ({ atMs, done, isGrowing, total, underWay, waiting }) => {
    const { by, jobs } = waiting;
    if (isGrowing || jobs === 0 || jobs < total - done || underWay.length > 0) return STIRS;
    const inMs = Math.min(...by.map((waits) => waits.inMs));
    const nextAtMs = atMs + inMs;
    const isNew =
      !told || jobs >= told.jobs * 2 || jobs * 2 <= told.jobs || Math.abs(nextAtMs - told.nextAtMs) >= MUCH_MS;
    const isSoon = told !== undefined && atMs - told.atMs < LEAST_PAUSE_MS;
    if (!isNew || isSoon || inMs < LEAST_TOLD_MS) return { isStill: true, news: undefined };
    told = { atMs, jobs, nextAtMs };
    return { isStill: true, news: `Nothing can be done for now. ${waitingText(waiting)}` };
  };
}
