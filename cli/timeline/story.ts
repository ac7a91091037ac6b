import { contentKey } from "../../core/model/keys.ts";
import { OPERATION_TYPES } from "../../core/model/operations.ts";
import type { JobRecord, OperationRecord } from "../../core/model/record.ts";
import { isTerminal } from "../../core/model/states.ts";
import { formatBytes, plural, timeOf } from "../shared/words.ts";
import { describeNext, type Moment, whenOf, whyOf } from "./next.ts";

/** A job whose record was found. `item` has what the record's type leaves out. */
export interface Told extends Moment {
  readonly item: Readonly<Record<string, unknown>>;
  /** What workers know of its host, one sentence a line. Empty if the job has ended. */
  readonly host: readonly string[];
}

/** A title, and sentences below it. */
export interface Chapter {
  readonly title: string;
  readonly lines: readonly string[];
}

/** The story of a job, as its record tells it. */
export function chaptersOf(told: Told): readonly Chapter[] {
  return [
    { title: "Job", lines: describeIdentity(told) },
    { title: "State", lines: describeState(told) },
    { title: "Lease", lines: describeLease(told) },
    { title: "Ledger", lines: describeLedger(told.job, told.nowMs) },
    { title: "Bytes", lines: describeBytes(told.job) },
    { title: "Trouble", lines: describeTrouble(told) },
    { title: "Host", lines: told.host },
    { title: "Next", lines: describeNext(told) },
  ].filter(({ lines }) => lines.length > 0);
}

function describeIdentity({ job, nowMs }: Told): readonly string[] {
  const { artifactId, jobId, order, plannedAtMs, url, workId } = job;
  const mirrors = order?.mirrors?.length ?? 0;
  return [
    `${jobId}  ${url}`,
    `work_id ${workId}, artifact_id ${artifactId}.`,
    ...(order?.identity === undefined ? [] : [`Its identity stands for its URL in its id: ${order.identity}.`]),
    ...(mirrors === 0 ? [] : [`It has ${plural(mirrors, "mirror")}.`]),
    `The first lease planned it at ${whenOf(plannedAtMs, nowMs)}.`,
  ];
}

function describeState({ item, job, nowMs }: Told): readonly string[] {
  const { attempts, failedAtMs, hops, isLong, state, strikes } = job;
  const { expires_at: expires, redrives, redriven_from: from } = item;
  return [
    `${state}${failedAtMs === undefined ? "" : ` since ${whenOf(failedAtMs, nowMs)}`}, after ${plural(attempts, "attempt")}.`,
    ...(strikes > 0 && strikes < attempts && !isTerminal(state)
      ? [`${strikes} of them since it last advanced by a part, or was reopened: these count against the limit.`]
      : []),
    ...(hops > 0 ? [`${plural(hops, "invocation")} ended before the file, and handed it on.`] : []),
    ...(isLong ? ["It is in the long lane."] : []),
    ...(typeof redrives === "number"
      ? [`Operators reopened it ${plural(redrives, "time")}; it had failed with ${String(from)}.`]
      : []),
    ...(typeof expires === "number" ? [`The record is kept until ${timeOf(expires * 1000)}.`] : []),
  ];
}

function describeLease({ job, nowMs, situation }: Told): readonly string[] {
  const { availableAtMs = 0, fence, heldSinceMs, leaseOwner, state } = job;
  if (isTerminal(state)) return [`Nobody holds it any more. Its last fence was ${fence}.`];
  const refused = `Every write under an older fence than ${fence} is refused.`;
  if (leaseOwner === undefined) return [`Nobody holds it. The fence is ${fence}.`, refused];
  const since =
    heldSinceMs === undefined ? "" : ` It has been held without a break since ${whenOf(heldSinceMs, nowMs)}.`;
  const end = situation === "held" ? "ends, unless it is renewed, at" : "has expired, at";
  return [
    `${leaseOwner} holds it under fence ${fence}. The lease ${end} ${whenOf(availableAtMs, nowMs)}.${since}`,
    refused,
  ];
}

const STATUSES: Readonly<Record<OperationRecord["status"], string>> = {
  DONE: "done",
  STARTED: "begun",
  ABANDONED: "abandoned, and run again",
};
/** Of results that are told elsewhere, or are of no use to people. */
const NOT_SHOWN = new Set(["etag", "staged_by"]);

function describeLedger({ operations }: JobRecord, nowMs: number): readonly string[] {
  return OPERATION_TYPES.flatMap((type) => {
    const operation = operations[type];
    if (!operation) return [];
    const { atMs, fence, result = {}, status } = operation;
    const results = Object.entries(result)
      .filter(([name]) => !NOT_SHOWN.has(name))
      .map(([name, value]) => `${name} ${String(value)}`);
    const told = results.length > 0 ? `: ${results.join(", ")}` : "";
    return [
      `${type.padEnd("FINALIZE".length)}  ${STATUSES[status]} under fence ${fence} at ${whenOf(atMs, nowMs)}${told}.`,
    ];
  });
}

function describeBytes({ checkpoint, resumedBytes, state, transfer }: JobRecord): readonly string[] {
  const resumed = resumedBytes > 0 ? [`${formatBytes(resumedBytes)} were not fetched again after a break.`] : [];
  if (transfer) {
    const { bytes, sha256 } = transfer;
    const isStored = state === "INDEXED" || state === "DEDUPED";
    return [
      `${formatBytes(bytes)}, SHA-256 ${sha256}.`,
      ...(isStored ? [`They are stored at ${contentKey(sha256)}.`] : []),
      ...(state === "DEDUPED" ? ["Another job had stored the same bytes before."] : []),
      ...resumed,
    ];
  }
  if (!checkpoint) return resumed;
  const { mirror, offset, stagedBy, totalBytes } = checkpoint;
  const share = totalBytes > 0 ? ` (${Math.floor((100 * offset) / totalBytes)} %)` : "";
  return [
    `The checkpoint has ${formatBytes(offset)} of ${formatBytes(totalBytes)}${share}, staged since fence ${stagedBy}: the next ` +
      "attempt goes on from there.",
    ...(mirror === undefined ? [] : [`They come from the mirror ${mirror}.`]),
    ...resumed,
  ];
}

function describeTrouble({ job }: Told): readonly string[] {
  const why = whyOf(job);
  if (why === undefined) return [];
  const what = job.state === "FAILED" ? "It failed with" : "Its last attempt ended with";
  return [`${what} ${why} (class ${job.failureClass ?? "unknown"}).`];
}

const TITLE_WIDTH = "Trouble".length;

/** Chapters as text: a title, and its lines beside it. */
export const textOf = (chapters: readonly Chapter[]): string =>
  chapters
    .flatMap(({ lines, title }) => lines.map((line, at) => `${(at === 0 ? title : "").padEnd(TITLE_WIDTH)}  ${line}`))
    .join("\n");
