/** Announcements by setting, and a month of very many small files under each setting. */
import { sumOf, times, type Bill } from "./bill.ts";
import { gbSeconds } from "./duration.ts";
import { announcementBill, ANNOUNCER_MEMORY_MB, ANNOUNCER_REQUEST_MS, logBill } from "./models.ts";
import type { AnnouncementCounts } from "./stored-results.ts";

export const MONTH_JOBS = 100_000_000;
const MONTH_S = 730 * 3600;
/** Of a table's stream, at least: each is read by an invocation of its own. */
export const SHARDS = 4;
/** What an invocation takes (infra/pipeline/announcer.ts), and the events that a request of the bus takes. */
const COLLECTED = {
  single: { most: 100, windowS: 1, eventsARequest: 10 },
  batched: { most: 500, windowS: 10, eventsARequest: 4 },
} as const;
const BATCH_BYTES = 64_000;

export type Announcing = "single" | "batched" | "none";

/** Announcements in one invocation, if the jobs of a month end evenly: no burst fills it. */
export function collectedAt(jobsAMonth: number, kind: "single" | "batched"): number {
  const { most, windowS } = COLLECTED[kind];
  return Math.max(1, Math.min(most, (jobsAMonth / MONTH_S / SHARDS) * windowS));
}

/** Of one announcement, at that rate: its share of an event, and of the announcer. */
export function announcedBill(announcing: Announcing, counts: AnnouncementCounts, jobsAMonth: number): Bill {
  if (announcing === "none") return {};
  const collected = collectedAt(jobsAMonth, announcing);
  const events = announcing === "single" ? collected : Math.ceil((collected * counts.bytes) / BATCH_BYTES);
  const requests = Math.ceil(events / COLLECTED[announcing].eventsARequest);
  const ms = requests * ANNOUNCER_REQUEST_MS + collected * counts.cpuMs;
  const invocation = { lambdaRequests: 1, lambdaGbSeconds: gbSeconds(ms, ANNOUNCER_MEMORY_MB) };
  return times(sumOf({ events }, invocation, logBill(0, 0, 1)), 1 / collected);
}

/** @param artifact its bill with a single announcement of a full invocation. */
export function withAnnouncing(artifact: Bill, announced: Bill): Bill {
  const { events: _, lambdaRequests = 0, lambdaGbSeconds = 0, ...others } = artifact;
  const single = announcementBill();
  return sumOf(others, announced, {
    lambdaRequests: lambdaRequests - (single.lambdaRequests ?? 0),
    lambdaGbSeconds: lambdaGbSeconds - (single.lambdaGbSeconds ?? 0),
  });
}
