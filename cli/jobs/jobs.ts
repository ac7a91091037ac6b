import type { JobFilter } from "../../adapters/aws/operators/scanned-jobs.ts";
import { DamagedRecordError } from "../../core/model/errors.ts";
import { hostOf } from "../../core/model/message.ts";
import { decodeJob } from "../../core/model/record-codec.ts";
import type { JobRecord } from "../../core/model/record.ts";
import type { Item } from "../../core/model/write.ts";
import type { JobPages } from "../../core/ports/items.ts";
import type { Clock } from "../../core/ports/runtime.ts";
import { eachPage } from "../../core/recovery/each-page.ts";
import { type BatchJobsDeps, jobsOfBatch } from "../shared/batches.ts";
import { type Lines, printerOf } from "../shared/lines.ts";
import { formatDuration, plural } from "../shared/words.ts";
import type { JobsArguments } from "./arguments.ts";
import { situationOf } from "./situation.ts";

export interface JobsDeps extends BatchJobsDeps {
  readonly clock: Clock;
  /** Scans the table of that name. */
  readonly pagesOf: (table: string, filter: JobFilter) => JobPages;
}

/** Lists the jobs that are selected, as the scan finds them. */
export async function jobs(args: JobsArguments, { print }: Pick<Lines, "print">, deps: JobsDeps): Promise<void> {
  const { limit } = args;
  const pages = await pagesOf(args, deps);
  const printed = printerOf(args.json === true, print);
  const nowMs = deps.clock.nowMs();
  let [listed, scanned, readUnits, isComplete] = [0, 0, 0, true];
  for await (const page of eachPage(pages)) {
    scanned += page.scanned;
    readUnits += page.readUnits;
    for (const item of page.items) {
      const job = readJob(item);
      if (typeof job !== "string" && !isSelected(job, args, nowMs)) continue;
      if (listed === limit) isComplete = false;
      if (!isComplete) break;
      listed += 1;
      if (typeof job === "string") printed([`damaged    ${job}`], "damaged", { problem: job });
      else printed([lineOf(job, nowMs)], "job", fieldsOf(job, nowMs));
    }
    if (!isComplete) break;
  }
  const words = [
    `${plural(listed, "job")}. Scanned ${plural(scanned, "item")} for ${plural(readUnits, "read unit")}.`,
    ...(isComplete ? [] : [`There are more: the limit of ${limit} is reached.`]),
  ];
  printed(words, "summary", { jobs: listed, is_complete: isComplete, scanned, read_units: readUnits });
}

async function pagesOf(args: JobsArguments, deps: JobsDeps): Promise<JobPages> {
  const { batch, class: failureClass, reason, stack, state, work: workId } = args;
  const filter = { states: state && [state], failureClass, workId, reason };
  if (batch !== undefined) return jobsOfBatch(deps, stack, batch, (item) => isWanted(item, filter));
  return deps.pagesOf((await deps.addressesOf(stack)).table, filter);
}

/** As the scan selects. */
const isWanted = (item: Item, { failureClass, reason, states, workId }: JobFilter): boolean =>
  (states === undefined || states.some((state) => item["state"] === state)) &&
  (failureClass === undefined || item["failure_class"] === failureClass) &&
  (workId === undefined || item["work_id"] === workId) &&
  (reason === undefined || (typeof item["reason"] === "string" && item["reason"].includes(reason)));

/** @returns why it cannot be read, for a record that this release cannot read. */
function readJob(item: Item): JobRecord | string {
  try {
    return decodeJob(item);
  } catch (error) {
    if (!(error instanceof DamagedRecordError)) throw error;
    return error.message;
  }
}

/** When it failed. An older release did not record that, and other jobs have not: when they were planned. */
const timeOf = ({ failedAtMs, plannedAtMs }: JobRecord): number => failedAtMs ?? plannedAtMs;

function isSelected(job: JobRecord, { host, newerThan, olderThan }: JobsArguments, nowMs: number): boolean {
  const ageMs = nowMs - timeOf(job);
  return (
    (host === undefined || hostOf(job.url) === host) &&
    (olderThan === undefined || ageMs > olderThan) &&
    (newerThan === undefined || ageMs < newerThan)
  );
}

const WIDEST_STATE = "STREAMING".length;
const WIDEST_SITUATION = "available".length;
const WIDEST_AGE = "99 min 59 s".length;

function lineOf(job: JobRecord, nowMs: number): string {
  const { failureClass, jobId, reason, state, url } = job;
  const why = reason === undefined ? "-" : `${failureClass ?? "?"}:${reason}`;
  const situation = situationOf(job, nowMs).padEnd(WIDEST_SITUATION);
  const age = formatDuration(Math.max(0, nowMs - timeOf(job))).padStart(WIDEST_AGE);
  return `${state.padEnd(WIDEST_STATE)}  ${situation}  ${age}  ${jobId}  ${why}  ${url}`;
}

const fieldsOf = (job: JobRecord, nowMs: number): object => ({
  job_id: job.jobId,
  state: job.state,
  situation: situationOf(job, nowMs),
  url: job.url,
  host: hostOf(job.url),
  work_id: job.workId,
  artifact_id: job.artifactId,
  planned_at_ms: job.plannedAtMs,
  failed_at_ms: job.failedAtMs ?? null,
  failure_class: job.failureClass ?? null,
  reason: job.reason ?? null,
  attempts: job.attempts,
  fence: job.fence,
  lease_owner: job.leaseOwner ?? null,
  available_at_ms: job.availableAtMs ?? null,
  watch_at_ms: job.watchAtMs ?? null,
  lane: job.isLong === true ? "long" : "short",
  staged_bytes: job.checkpoint?.offset ?? null,
  bytes: job.transfer?.bytes ?? null,
  sha256: job.transfer?.sha256 ?? null,
});
