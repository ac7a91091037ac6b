import { ANNOUNCEMENT_SOURCE, BATCH_ENDED } from "../model/announcement.ts";
import { decodeJob } from "../model/record-codec.ts";
import { present } from "../model/present.ts";
import type { AnnouncementBus } from "../ports/announcement-bus.ts";
import type { BatchFiles } from "../ports/batch-files.ts";
import type { Items } from "../ports/items.ts";
import type { Clock, Random } from "../ports/runtime.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { batchEndedOf } from "./batch-ended.ts";
import { hasEnded, jobOf, jobsOf } from "./batch-jobs.ts";
import { readColumns, readLines } from "./batch-lines.ts";
import { BATCH_SHARD, type BatchRecord, type Counts, decodeBatch, NO_COUNTS, writeBatch } from "./batch-record.ts";
import { writeRows, writeSummary, writeTable, type EncodeParquet } from "./report-files.ts";
import { rowOf } from "./report-row.ts";

export interface FollowerDeps {
  readonly clock: Pick<Clock, "nowMs">;
  readonly random: Pick<Random, "uniqueId">;
  readonly items: Pick<Items, "read" | "readMany" | "watched" | "write">;
  readonly files: BatchFiles;
  /** The bucket of the files. */
  readonly bucket: string;
  readonly encodeParquet: EncodeParquet;
  /** Undefined: nothing is announced. */
  readonly bus: AnnouncementBus | undefined;
  readonly telemetry: Telemetry;
}

export interface Followed {
  readonly looked: number;
  readonly ended: number;
}

const MOST_BATCHES = 1_000;
/** No step is begun after this time: Lambda ends the run after 55 s, and a step takes some seconds. */
const BEGINS_FOR_MS = 40_000;
/** A batch that has run for so long is looked at after a tenth of that, between these bounds. */
const LOOKS_AFTER_SHARE = 0.1;
const LOOKS_AFTER_LEAST_MS = 60_000;
const LOOKS_AFTER_MOST_MS = 900_000;
/** Then it is given up: its jobs run without records, or their records have expired. Each look costs money. */
const FOLLOWED_FOR_MS = 30 * 24 * 3_600_000;
/** Kinds of reasons that are told apart. */
const MOST_REASONS = 50;
const OTHER_REASONS = "other";

/**
 * One run: takes each batch that is due as far as it gets. Safe to repeat and to run twice at once: each step is a
 * write that the next one builds on. Nothing that a batch cannot do keeps another waiting.
 * @throws AggregateError at the end of a run in which a batch could not be followed.
 */
export async function followBatches(deps: FollowerDeps): Promise<Followed> {
  const { clock, items, telemetry } = deps;
  const endsAtMs = clock.nowMs() + BEGINS_FOR_MS;
  const due = await items.watched(BATCH_SHARD, clock.nowMs() + 1, MOST_BATCHES);
  const errors: unknown[] = [];
  let [looked, ended] = [0, 0];
  for (const { key } of due) {
    if (clock.nowMs() >= endsAtMs) break;
    looked += 1;
    try {
      if (await follow(deps, key, endsAtMs)) ended += 1;
    } catch (error) {
      errors.push(error);
      const fields = { batch: key };
      telemetry.log("error", "A batch could not be followed. The next run tries it again.", fields, error);
    }
  }
  if (errors.length > 0)
    throw new AggregateError(errors, `${errors.length} batches could not be followed. The log has each.`);
  return { looked, ended };
}

/** @returns whether its end was told now. */
async function follow(deps: FollowerDeps, key: string, endsAtMs: number): Promise<boolean> {
  const { clock, items, random } = deps;
  const seen = await items.read(key);
  let batch = seen && decodeBatch(seen);
  while (batch?.watchAtMs !== undefined && batch.watchAtMs <= clock.nowMs() && clock.nowMs() < endsAtMs) {
    const by = random.uniqueId();
    const { applied, item } = await items.write(writeBatch(batch, await nextOf(deps, batch), by));
    // Another run follows it, or somebody has begun it again.
    if (!applied && item?.["by"] !== by) return false;
    batch = decodeBatch(present(item, "a batch that was written"));
  }
  return batch?.phase === "ended" && batch.watchAtMs === undefined;
}

async function nextOf(deps: FollowerDeps, batch: BatchRecord): Promise<BatchRecord> {
  switch (batch.phase) {
    case "waiting":
      return waited(deps, batch);
    case "reporting":
      return reported(deps, batch);
    case "ended": {
      await tell(deps, batch);
      return unwatched(batch);
    }
  }
}

const unwatched = ({ watchAtMs: _watched, ...batch }: BatchRecord): BatchRecord => batch;

async function waited(deps: FollowerDeps, batch: BatchRecord): Promise<BatchRecord> {
  if (batch.filesDone === batch.files)
    return { ...batch, phase: "reporting", filesDone: 0, counts: NO_COUNTS, reasons: {} };
  const lines = await readLines(deps.files, batch.id, batch.filesDone);
  if (!lines) return lookedAtLater(deps, batch);
  const jobs = await jobsOf(deps.items, lines);
  if (!lines.every((line) => hasEnded(jobOf(jobs, line)))) return lookedAtLater(deps, batch);
  return { ...batch, filesDone: batch.filesDone + 1 };
}

/** A row is what its job's record says now. A job that was reopened in the meantime is waited for. */
async function reported(deps: FollowerDeps, batch: BatchRecord): Promise<BatchRecord> {
  const { bucket, clock, encodeParquet, files, items } = deps;
  const own = await readColumns(files, batch.id);
  if (batch.filesDone === batch.files) {
    const ended = { ...batch, phase: "ended" as const, endedAtMs: clock.nowMs() };
    await writeTable(files, batch, own, bucket);
    await writeSummary(files, batch, JSON.stringify(batchEndedOf(ended, bucket), null, 2));
    return ended;
  }
  const lines = present(await readLines(files, batch.id, batch.filesDone), "the lines of a batch that has ended");
  const jobs = await jobsOf(items, lines);
  if (!lines.every((line) => hasEnded(jobOf(jobs, line)))) return lookedAtLater(deps, batch);
  const records = lines.map((line) => decodeJob(present(jobOf(jobs, line), "the record of a job that has ended")));
  await writeRows(
    files,
    encodeParquet,
    batch,
    lines.map((line, nth) => rowOf(line, present(records[nth], "a line's record"))),
    own,
  );
  const counts: Record<keyof Counts, number> = { ...batch.counts };
  const reasons: Record<string, number> = { ...batch.reasons };
  for (const { reason, state } of records) {
    counts[state as keyof Counts] += 1;
    if (state === "FAILED") addReason(reasons, present(reason, "the reason of a failed job"));
  }
  return { ...batch, filesDone: batch.filesDone + 1, counts, reasons };
}

function addReason(reasons: Record<string, number>, reason: string): void {
  const isKnown = Object.hasOwn(reasons, reason) || Object.keys(reasons).length < MOST_REASONS;
  const counted = isKnown ? reason : OTHER_REASONS;
  reasons[counted] = (reasons[counted] ?? 0) + 1;
}

function lookedAtLater({ clock, telemetry }: FollowerDeps, batch: BatchRecord): BatchRecord {
  const nowMs = clock.nowMs();
  const ageMs = nowMs - batch.begunAtMs;
  if (ageMs > FOLLOWED_FOR_MS) {
    telemetry.log("warn", "A batch has not ended for 30 days. It is no longer followed.", { batch: batch.id });
    return unwatched(batch);
  }
  const afterMs = Math.max(LOOKS_AFTER_LEAST_MS, ageMs * LOOKS_AFTER_SHARE);
  return { ...batch, watchAtMs: nowMs + Math.min(afterMs, LOOKS_AFTER_MOST_MS) };
}

/** A crash after this tells it again, under the same id. */
async function tell({ bucket, bus }: FollowerDeps, batch: BatchRecord): Promise<void> {
  if (!bus) return;
  const detail = JSON.stringify(batchEndedOf(batch, bucket));
  const { refusal } = await bus.publish([{ source: ANNOUNCEMENT_SOURCE, type: BATCH_ENDED, detail }]);
  if (refusal !== undefined) throw new Error(`The event bus refused to tell of the end of ${batch.id}: ${refusal}`);
}
