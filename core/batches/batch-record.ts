/**
 * A batch: the lines of a list that somebody submitted, which are told of together. Its record is one item,
 * `BATCH#<id>`; its lines are in files. The counts are those of the report's rows, made from the jobs' own records:
 * nothing is counted along the way, so no crash can make them wrong.
 */
import * as z from "zod/mini";
import { DamagedRecordError } from "../model/errors.ts";
import type { Clause, Item, Write } from "../model/write.ts";

/** `waiting` for its jobs to end, `reporting` on them, or `ended`. */
const BATCH_PHASES = ["waiting", "reporting", "ended"] as const;
export type BatchPhase = (typeof BATCH_PHASES)[number];

const COUNTED_STATES = ["INDEXED", "DEDUPED", "FAILED"] as const;
export type Counts = Readonly<Record<(typeof COUNTED_STATES)[number], number>>;
export const NO_COUNTS: Counts = { INDEXED: 0, DEDUPED: 0, FAILED: 0 };

export interface BatchRecord {
  readonly id: string;
  /** What its list is called. */
  readonly name: string;
  /** Of the list, without those that are not valid. Two that are the same job count twice. */
  readonly lines: number;
  /** Files of lines. */
  readonly files: number;
  readonly createdAtMs: number;
  /** When this revision was begun. */
  readonly begunAtMs: number;
  readonly phase: BatchPhase;
  /** So many files the phase has done. */
  readonly filesDone: number;
  /** How often the batch was begun: 1, and one more with each retry. Each revision has a report of its own. */
  readonly revision: number;
  readonly counts: Counts;
  /** How many rows have failed of each reason. */
  readonly reasons: Readonly<Record<string, number>>;
  readonly endedAtMs?: number;
  /** When it is to be looked at. Undefined: its end was announced, or it did not end for too long. */
  readonly watchAtMs?: number;
  readonly version: number;
}

/** No shard of the jobs: their reconciler never sees a batch. */
export const BATCH_SHARD = -1;

export const BATCH_PREFIX = "BATCH#";
export const batchItemKey = (id: string): string => BATCH_PREFIX + id;

const count = z.int().check(z.gte(0));

const stored = z.object({
  pk: z.string().check(z.startsWith(BATCH_PREFIX)),
  name: z.string(),
  lines: count,
  files: count,
  created_at: z.number(),
  begun_at: z.number(),
  phase: z.enum(BATCH_PHASES),
  files_done: count,
  revision: count,
  counts: z.object({ INDEXED: count, DEDUPED: count, FAILED: count }),
  reasons: z.record(z.string(), count),
  ended_at: z.optional(z.number()),
  watch_at: z.optional(z.number()),
  version: count,
});

/** @throws DamagedRecordError for an item that is not a batch's. */
export function decodeBatch(item: Item): BatchRecord {
  const { data, error } = stored.safeParse(item);
  if (error) throw new DamagedRecordError(item, error.issues.map(({ path }) => path.join(".")).join(", "));
  return {
    id: data.pk.slice(BATCH_PREFIX.length),
    name: data.name,
    lines: data.lines,
    files: data.files,
    createdAtMs: data.created_at,
    begunAtMs: data.begun_at,
    phase: data.phase,
    filesDone: data.files_done,
    revision: data.revision,
    counts: data.counts,
    reasons: data.reasons,
    ...(data.ended_at !== undefined && { endedAtMs: data.ended_at }),
    ...(data.watch_at !== undefined && { watchAtMs: data.watch_at }),
    version: data.version,
  };
}

export type NewBatch = Pick<BatchRecord, "id" | "name" | "lines" | "files">;

/** Refused if there is such a batch: the list was submitted before. */
export const createBatch = ({ id, name, lines, files }: NewBatch, nowMs: number): Write => ({
  key: batchItemKey(id),
  when: [[{ attribute: "pk", is: "absent" }]],
  set: {
    name,
    lines,
    files,
    created_at: nowMs,
    begun_at: nowMs,
    phase: "waiting" satisfies BatchPhase,
    files_done: 0,
    revision: 1,
    counts: NO_COUNTS,
    reasons: {},
    watch_at: nowMs,
    watch_shard: BATCH_SHARD,
    version: 1,
  },
});

/**
 * Takes a batch a step further. Refused if anybody has written it since: of two that follow it at once, one goes on.
 * @param by a name of this write alone: an item that bears it and refuses the write shows that it was applied.
 */
export function writeBatch(seen: BatchRecord, next: BatchRecord, by: string): Write {
  const isAsSeen: Clause = { attribute: "version", is: "=", than: seen.version };
  const { endedAtMs, watchAtMs } = next;
  const isOver = watchAtMs === undefined;
  return {
    key: batchItemKey(seen.id),
    when: [[isAsSeen]],
    set: {
      begun_at: next.begunAtMs,
      phase: next.phase,
      files_done: next.filesDone,
      revision: next.revision,
      counts: next.counts,
      reasons: next.reasons,
      version: seen.version + 1,
      by,
      ...(endedAtMs !== undefined && { ended_at: endedAtMs }),
      ...(!isOver && { watch_at: watchAtMs, watch_shard: BATCH_SHARD }),
    },
    remove: [...(isOver ? ["watch_at", "watch_shard"] : []), ...(endedAtMs === undefined ? ["ended_at"] : [])],
  };
}

/** The batch from its start: its failed jobs were reopened. What the report said before stays, under its revision. */
export const begunAgain = (batch: BatchRecord, nowMs: number): BatchRecord => {
  const { endedAtMs: _ended, ...rest } = batch;
  return {
    ...rest,
    begunAtMs: nowMs,
    phase: "waiting",
    filesDone: 0,
    revision: batch.revision + 1,
    counts: NO_COUNTS,
    reasons: {},
    watchAtMs: nowMs,
  };
};
