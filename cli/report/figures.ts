/** What a report says, counted by SQLite. Each list has an upper limit, and the number of all rows. */
import type { LocalDatabase } from "../../adapters/local/database.ts";

/** The lower ends of the classes of sizes, in bytes. Before them comes the class of empty files. */
export const SIZE_EDGES = [1, 1024, 16 * 1024, 256 * 1024, 4 * 1024 ** 2, 64 * 1024 ** 2, 1024 ** 3] as const;

const STORED = "state IN ('INDEXED', 'DEDUPED', 'PUBLISHED')";
const STORED_BYTES = `TOTAL(bytes) FILTER (WHERE ${STORED})`;
const SIZE_CLASS = SIZE_EDGES.map((edge) => `(bytes >= ${edge})`).join(" + ");

const STATES = `SELECT state, COUNT(*) AS jobs, ${STORED_BYTES} AS bytes FROM jobs GROUP BY state`;
const ENDED_NOW = `SELECT COUNT(*) FILTER (WHERE ${STORED}) AS stored, COUNT(*) FILTER (WHERE state = 'FAILED') AS failed,
  ${STORED_BYTES} AS bytes FROM jobs WHERE ended_ms IS NOT NULL`;

const REASONS = `SELECT reason, COUNT(*) AS jobs, COUNT(DISTINCT host) AS hosts, MIN(seq) AS seq FROM jobs
  WHERE state = 'FAILED' GROUP BY reason ORDER BY jobs DESC, reason`;
const UNFINISHED = `SELECT stage, reason, COUNT(*) AS jobs, MIN(seq) AS seq FROM jobs
  WHERE state IS NULL GROUP BY stage, reason ORDER BY jobs DESC, stage, reason`;
const HOSTS = `
  WITH waits AS (SELECT host, COUNT(*) AS pauses, SUM(delay_ms) AS paused_ms FROM pauses JOIN jobs USING (seq) GROUP BY host)
  SELECT host, COUNT(*) AS jobs, COUNT(*) FILTER (WHERE ${STORED}) AS stored, ${STORED_BYTES} AS bytes,
    COUNT(*) FILTER (WHERE state = 'FAILED') AS failed, COUNT(*) FILTER (WHERE state IS NULL) AS open,
    COALESCE(waits.pauses, 0) AS pauses, COALESCE(waits.paused_ms, 0) AS pausedMs,
    TOTAL(bytes) FILTER (WHERE download_ms IS NOT NULL) AS timedBytes, TOTAL(download_ms) AS downloadMs
  FROM jobs LEFT JOIN waits USING (host) GROUP BY host ORDER BY jobs DESC, bytes DESC, host`;
const SIZES = `SELECT ${SIZE_CLASS} AS class, COUNT(*) AS jobs, TOTAL(bytes) AS bytes FROM jobs
  WHERE ${STORED} GROUP BY class ORDER BY class`;
const TYPES = `SELECT type, COUNT(*) AS jobs, TOTAL(bytes) AS bytes FROM jobs
  WHERE ${STORED} GROUP BY type ORDER BY jobs DESC, bytes DESC, type`;
const WAITS = `SELECT reason, COUNT(*) AS pauses, COUNT(DISTINCT seq) AS jobs, SUM(asked) AS asked,
  SUM(delay_ms) AS totalMs, MAX(delay_ms) AS longestMs FROM pauses GROUP BY reason ORDER BY totalMs DESC, reason`;

/** A job that is still under way has taken until now. */
const JOBS = `SELECT seq, state, reason, bytes, attempts, worked_ms AS workedMs, began_ms AS beganMs,
  MAX(0, COALESCE(ended_ms, ?) - began_ms) AS tookMs FROM jobs`;
const SLOWEST = `${JOBS} WHERE began_ms IS NOT NULL ORDER BY tookMs DESC, seq`;
/** One job of each reason comes first, then a second one of each, and so on. */
const FAILED = `${JOBS} WHERE state = 'FAILED' ORDER BY ROW_NUMBER() OVER (PARTITION BY reason ORDER BY seq), seq`;

const quantilesOf = (value: string, condition: string): string => `
  WITH ordered AS (SELECT ${value} AS value, ROW_NUMBER() OVER (ORDER BY ${value}) AS place, COUNT(*) OVER () AS count
    FROM jobs WHERE ${condition})
  SELECT MIN(value) FILTER (WHERE place >= count * 0.5) AS median, MIN(value) FILTER (WHERE place >= count * 0.95) AS p95,
    MAX(value) AS most FROM ordered`;
const SIZE_QUANTILES = quantilesOf("bytes", STORED);
const TIME_QUANTILES = quantilesOf("MAX(0, ended_ms - began_ms)", "ended_ms IS NOT NULL AND began_ms IS NOT NULL");

const LIMITS = {
  reasons: 40,
  unfinished: 20,
  hosts: 50,
  types: 15,
  waits: 40,
  slowest: 15,
  failed: 100,
} as const;

export interface Counted {
  readonly jobs: number;
  readonly bytes: number;
}
export interface StateFigures extends Counted {
  /** Null: the job has not ended. */
  readonly state: string | null;
}
export interface ReasonFigures {
  readonly reason: string | null;
  readonly jobs: number;
  readonly hosts: number;
  /** The first job with this reason. */
  readonly seq: number;
}
export interface UnfinishedFigures {
  /** Null: no worker has taken the job. */
  readonly stage: string | null;
  /** Why the last attempt failed, if there was one. */
  readonly reason: string | null;
  readonly jobs: number;
  readonly seq: number;
}
export interface HostFigures extends Counted {
  readonly host: string;
  readonly stored: number;
  readonly failed: number;
  readonly open: number;
  readonly pauses: number;
  readonly pausedMs: number;
  /** Of the files whose downloads ended in this run. */
  readonly timedBytes: number;
  readonly downloadMs: number;
}
export interface SizeFigures extends Counted {
  /** Counted from 0, the class of empty files. */
  readonly class: number;
}
export interface TypeFigures extends Counted {
  readonly type: string | null;
}
export interface WaitFigures {
  readonly reason: string;
  readonly pauses: number;
  readonly jobs: number;
  /** Pauses whose length the origin named with Retry-After. */
  readonly asked: number;
  readonly totalMs: number;
  readonly longestMs: number;
}
export interface JobFigures {
  readonly seq: number;
  readonly state: string | null;
  readonly reason: string | null;
  readonly bytes: number | null;
  readonly attempts: number | null;
  /** These times are null for a job that no worker took in this run. */
  readonly workedMs: number | null;
  readonly beganMs: number | null;
  readonly tookMs: number | null;
}
/** All null if there is nothing to order. */
interface Quantiles {
  readonly median: number | null;
  readonly p95: number | null;
  readonly most: number | null;
}

interface Top<T> {
  readonly shown: readonly T[];
  readonly total: number;
}

export interface Figures {
  readonly states: readonly StateFigures[];
  readonly endedNow: { readonly stored: number; readonly failed: number; readonly bytes: number };
  readonly reasons: Top<ReasonFigures>;
  readonly unfinished: Top<UnfinishedFigures>;
  readonly hosts: Top<HostFigures>;
  readonly sizes: readonly SizeFigures[];
  readonly sizeQuantiles: Quantiles;
  readonly types: Top<TypeFigures>;
  readonly waits: Top<WaitFigures>;
  readonly timeQuantiles: Quantiles;
  readonly slowest: Top<JobFigures>;
  readonly failed: Top<JobFigures>;
}

/** @param rows the database of a JobTable. */
export function figuresOf(rows: LocalDatabase, nowMs: number): Figures {
  const top = (sql: string, limit: number, ...values: readonly number[]): Top<unknown> => ({
    shown: rows.all(`${sql} LIMIT ${limit}`, ...values),
    total: Number(rows.get(`SELECT COUNT(*) AS total FROM (${sql})`, ...values)?.["total"]),
  });
  const figures: Readonly<Record<keyof Figures, unknown>> = {
    states: rows.all(STATES),
    endedNow: rows.get(ENDED_NOW),
    reasons: top(REASONS, LIMITS.reasons),
    unfinished: top(UNFINISHED, LIMITS.unfinished),
    hosts: top(HOSTS, LIMITS.hosts),
    sizes: rows.all(SIZES),
    sizeQuantiles: rows.get(SIZE_QUANTILES),
    types: top(TYPES, LIMITS.types),
    waits: top(WAITS, LIMITS.waits),
    timeQuantiles: rows.get(TIME_QUANTILES),
    slowest: top(SLOWEST, LIMITS.slowest, nowMs),
    failed: top(FAILED, LIMITS.failed, nowMs),
  };
  // The queries name their columns as the types above do.
  return figures as Figures;
}
