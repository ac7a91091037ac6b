import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { contentKey, jobIdOf } from "../../core/model/keys.ts";
import type { JobMessage } from "../../core/model/message.ts";
import type { JobRecord } from "../../core/model/record.ts";

/** The outcome of a job. Fields that are not known are null. */
export interface Outcome {
  /** A job state, or PUBLISHED if idempotency is off for the job. */
  readonly state: string | null;
  readonly sha256: string | null;
  readonly bytes: number | null;
  readonly content_type: string | null;
  /** Key of the content object: its path below `content/`. */
  readonly key: string | null;
  readonly attempts: number | null;
  readonly reason: string | null;
}

/** A line of `results.jsonl`. */
export interface JobResult extends Outcome {
  readonly job_id: string;
  readonly work_id: string;
  readonly artifact_id: string;
  readonly url: string;
}

export const UNKNOWN: Outcome = {
  state: null,
  sha256: null,
  bytes: null,
  content_type: null,
  key: null,
  attempts: null,
  reason: null,
};

const PUBLISHED_STATES = new Set(["FINALIZED", "INDEXED", "DEDUPED"]);

export function outcomeOf({ state, transfer, attempts, reason }: JobRecord): Outcome {
  return {
    state,
    sha256: transfer?.sha256 ?? null,
    bytes: transfer?.bytes ?? null,
    content_type: transfer?.contentType ?? null,
    key: transfer && PUBLISHED_STATES.has(state) ? contentKey(transfer.sha256) : null,
    attempts,
    reason: reason ?? null,
  };
}

export function resultOf(message: JobMessage, outcome: Outcome): JobResult {
  const { work_id, artifact_id, url } = message;
  return { job_id: jobIdOf(message), work_id, artifact_id, url, ...outcome };
}

/** Replaces `results.jsonl` atomically: a reader never sees half a file. */
export async function writeResults(outDir: string, results: readonly JobResult[]): Promise<void> {
  const path = join(outDir, "results.jsonl");
  const draft = `${path}.${process.pid}.tmp`;
  await writeFile(draft, results.map((result) => `${JSON.stringify(result)}\n`).join(""));
  await rename(draft, path);
}
