import { jobItemKey } from "../../core/model/keys.ts";
import { hostOf } from "../../core/model/message.ts";
import { decodeJob } from "../../core/model/record-codec.ts";
import { isTerminal } from "../../core/model/states.ts";
import type { DocumentDeps } from "../../core/document/change-document.ts";
import type { Clock } from "../../core/ports/runtime.ts";
import { shownHost } from "../hosts/hosts.ts";
import { describeHost } from "../hosts/show.ts";
import { situationOf } from "../jobs/situation.ts";
import type { AddressesOf } from "../shared/stack.ts";
import { absenceOf } from "../shared/absence.ts";
import type { TimelineArguments } from "./arguments.ts";
import { chaptersOf, textOf } from "./story.ts";

export interface TimelineDeps {
  readonly addressesOf: AddressesOf;
  readonly clock: Clock;
  /** Opens the table of that name with the caller's own permissions. */
  readonly tableOf: (table: string) => DocumentDeps;
}

/** @returns the story of the job, for people or as JSON. @throws Error if the table has no such job. */
export async function timeline(args: TimelineArguments, deps: TimelineDeps): Promise<string> {
  const { jobId, stack } = args;
  const { table } = await deps.addressesOf(stack);
  const opened = deps.tableOf(table);
  const item = await opened.items.read(jobItemKey(jobId));
  if (!item) throw new Error(absenceOf(args));
  const nowMs = deps.clock.nowMs();
  const job = decodeJob(item);
  const host = isTerminal(job.state) ? [] : describeHost(await shownHost(opened, hostOf(job.url)));
  const situation = situationOf(job, nowMs);
  const chapters = chaptersOf({ job, item, host, situation, nowMs, stack });
  if (!args.json) return textOf(chapters);
  const story = Object.fromEntries(chapters.map(({ lines, title }) => [title.toLowerCase(), lines]));
  return JSON.stringify({ job_id: jobId, stack, at_ms: nowMs, situation, story, record: item }, null, 2);
}
