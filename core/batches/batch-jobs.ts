/** The jobs of a batch's lines, as the table has them. */
import { inLanes } from "../recovery/in-lanes.ts";
import { jobItemKey } from "../model/keys.ts";
import { isJobState, isTerminal } from "../model/states.ts";
import type { Item } from "../model/write.ts";
import type { Items } from "../ports/items.ts";
import type { BatchLine } from "./batch-lines.ts";
import type { BatchRecord } from "./batch-record.ts";

/** Requests at a time, and keys of each: together they read the 10,000 lines of a file in some ten rounds. */
const LANES = 10;
const KEYS_A_REQUEST = 100;

/** Lines whose job has no record have no item: the job has not begun, or its record has expired. */
export async function jobsOf(
  items: Pick<Items, "readMany">,
  lines: readonly Pick<BatchLine, "job_id">[],
): Promise<ReadonlyMap<string, Item>> {
  const keys = [...new Set(lines.map(({ job_id }) => jobItemKey(job_id)))];
  const requests = Array.from({ length: Math.ceil(keys.length / KEYS_A_REQUEST) }, (_, nth) =>
    keys.slice(nth * KEYS_A_REQUEST, (nth + 1) * KEYS_A_REQUEST),
  ).values();
  const found = new Map<string, Item>();
  await inLanes(LANES, async () => {
    for (const request of requests) for (const [key, item] of await items.readMany(request)) found.set(key, item);
  });
  return found;
}

export const jobOf = (jobs: ReadonlyMap<string, Item>, { job_id }: Pick<BatchLine, "job_id">): Item | undefined =>
  jobs.get(jobItemKey(job_id));

/** A job without a record has not begun, unless all jobs of its batch have ended: then its record has expired. */
export const isUnbegun = (job: Item | undefined, { phase }: Pick<BatchRecord, "phase">): boolean =>
  job === undefined && phase === "waiting";

export const hasEnded = (job: Item | undefined): boolean => {
  const state = job?.["state"];
  return isJobState(state) && isTerminal(state);
};
