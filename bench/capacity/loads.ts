/** The jobs of the model, from what was counted for docs/cost.md. */
import type { Counts } from "../cost/artifacts.ts";
import { invocationMs } from "../cost/duration.ts";
import { workOf } from "../cost/models.ts";
import { countsIn, settingsIn, type StoredResult } from "../cost/stored-results.ts";
import { GIB, KIB } from "../harness/measurement.ts";
import type { Load, Use } from "./deployment.ts";

const HOUR_MS = 3_600_000;

/** Jobs that are mixed. `measured` names the counted size that stands for them. */
export const SMALL = { measured: "10 KiB", bytes: 10 * KIB };
/** What 1 GiB takes at 100 Mbit/s. */
export const LONG = { measured: "1 GiB", bytes: GIB, ms: 86_000, share: 0.01 };

/** Of a job's write units, what its entry in the index takes: put with the first write, removed with the last. */
const INDEX_UNITS = 2;
/** The staging object is removed. S3 bills no DELETE, and so the cost page does not count it. */
const DELETES = 1;
/** A copy to the content address is one request up to 5 GiB. */
const PUBLISHED = 1;
/** A lease is renewed each 40 s: 1 unit of the table, 2 of the index, and one SQS request. */
export const RENEWAL = { everyMs: 40_000, tableUnits: 1, indexUnits: 2, sqsRequests: 1 };
export const renewalsIn = (ms: number): number => Math.floor(ms / RENEWAL.everyMs);

/** Giving the lease back and taking it again: 2 writes, and each moves the entry in the index. Assumed, not counted. */
export const HAND_OVER = { tableUnits: 2, indexUnits: 4, sqsRequests: 2.1 };

const useOf = (tableUnits: number, indexUnits: number, staging: number, content: number): Use => ({
  table: tableUnits,
  index: indexUnits,
  "watch shards": indexUnits,
  "staging bucket": staging,
  "content bucket": content,
});

/** What is put at its content address at once is not staged, and so it is not removed either. */
export function useOfCounts({ writeUnits, s3Puts }: Pick<Counts, "writeUnits" | "s3Puts">, renewals: number): Use {
  const staged = s3Puts - PUBLISHED;
  return useOf(
    writeUnits - INDEX_UNITS + renewals * RENEWAL.tableUnits,
    INDEX_UNITS + renewals * RENEWAL.indexUnits,
    staged > 0 ? staged + DELETES : 0,
    PUBLISHED,
  );
}

/** One request sends all messages of a batch again. Assumed, like the times of the cost page. */
export const REGROUP_BATCH_MS = 50;
const NOTHING = useOf(0, 0, 0, 0);
/** What workers do with messages that wait and have no group. */
export const REGROUPING: Load = {
  name: "sent again with its group",
  batchMs: () => REGROUP_BATCH_MS,
  use: NOTHING,
  long: { share: 0, ms: 0, use: NOTHING, handOver: NOTHING },
  waits: { share: 0, ms: HOUR_MS },
};

export interface Loads {
  readonly small: Load;
  readonly mixed: Load;
  /** The same jobs, one in twenty of which is asked to wait an hour. */
  readonly waiting: Load;
}

export function loadsOf(cost: StoredResult, fixed: StoredResult): Loads {
  const counts = countsIn(cost, SMALL.measured);
  const { workerMemoryMb } = settingsIn(fixed, "prod");
  const batchMs = (jobs: number): number =>
    invocationMs(workOf("guarded", { ...counts, invocations: 1 / jobs }, SMALL.bytes), workerMemoryMb);
  const small: Load = {
    name: "10 KiB",
    batchMs,
    use: useOfCounts(counts, 0),
    long: {
      share: 0,
      ms: LONG.ms,
      use: useOfCounts(countsIn(cost, LONG.measured), renewalsIn(LONG.ms)),
      handOver: useOf(HAND_OVER.tableUnits, HAND_OVER.indexUnits, 0, 0),
    },
    waits: { share: 0, ms: HOUR_MS },
  };
  return {
    small,
    mixed: { ...small, name: "10 KiB, 1 % long", long: { ...small.long, share: LONG.share } },
    waiting: { ...small, name: "10 KiB, 5 % wait an hour", waits: { share: 0.05, ms: HOUR_MS } },
  };
}
