/** What a month at a steady load costs: counted requests, and the Lambda time and batches of the simulation. */
import { sumOf, times, type Bill } from "../cost/bill.ts";
import { gbSeconds } from "../cost/duration.ts";
import { announcementBill, artifactBill, reconcilerBill } from "../cost/models.ts";
import { MONTH_S } from "../cost/storage.ts";
import { countsIn, idleRunIn, monthlyBillIn, settingsIn, type StoredResult } from "../cost/stored-results.ts";
import type { Deployment, Load } from "./deployment.ts";
import { pollersFor } from "./deployments.ts";
import type { LaneFigures } from "./lane-state.ts";
import { HAND_OVER, LONG, RENEWAL, renewalsIn, SMALL } from "./loads.ts";
import type { Outcome } from "./simulate.ts";

const PRICED_AS = "prod";
const SECOND_MS = 1000;
const HOUR_S = 3600;
/** A producer sends ten messages in one request. A batch is received in one, and deleted in one. */
const SENT = 0.1;
const RECEIVED_AND_DELETED = 2;

export function monthlyBill(
  jobsASecond: number,
  deployment: Deployment,
  load: Load,
  { short, long, measuredMs }: Outcome,
  { cost, fixed }: { readonly cost: StoredResult; readonly fixed: StoredResult },
): Bill {
  const { longWorkerMemoryMb, workerMemoryMb, reconcilerMemoryMb, minutesBetweenRuns } = settingsIn(fixed, PRICED_AS);
  const jobs = jobsASecond * MONTH_S;
  const longs = jobs * load.long.share;
  const smallCounts = countsIn(cost, SMALL.measured);
  const longCounts = countsIn(cost, LONG.measured);
  const renewals = renewalsIn(LONG.ms);
  const inBatch = { invocations: 1 / short.messages, sqsRequests: SENT + RECEIVED_AND_DELETED / short.messages };
  const smallBill = artifactBill("guarded", { ...smallCounts, ...inBatch }, SMALL.bytes, workerMemoryMb);
  const longBill = artifactBill(
    "guarded",
    {
      ...longCounts,
      invocations: 1 + inBatch.invocations,
      sqsRequests: inBatch.sqsRequests + renewals * RENEWAL.sqsRequests + HAND_OVER.sqsRequests,
      writeUnits:
        longCounts.writeUnits +
        renewals * (RENEWAL.tableUnits + RENEWAL.indexUnits) +
        HAND_OVER.tableUnits +
        HAND_OVER.indexUnits,
    },
    LONG.bytes,
    longWorkerMemoryMb,
  );
  const lanes: readonly LaneFigures[] = long === undefined ? [short] : [short, long];
  const invocations = lanes.reduce((sum, lane) => sum + lane.invocations, 0) * ((MONTH_S * SECOND_MS) / measuredMs);
  const lambda = sumOf(times(announcementBill(), jobs), {
    lambdaRequests: invocations,
    lambdaGbSeconds:
      short.meanEnvironments * gbSeconds(MONTH_S * SECOND_MS, workerMemoryMb) +
      (long?.meanEnvironments ?? 0) * gbSeconds(MONTH_S * SECOND_MS, longWorkerMemoryMb),
  });
  const pollers = pollersFor(deployment.short.concurrency) + pollersFor(deployment.long?.concurrency ?? 0);
  return {
    ...sumOf(
      times(smallBill, jobs - longs),
      times(longBill, longs),
      { pollerHours: pollers * (MONTH_S / HOUR_S) },
      monthlyBillIn(fixed, PRICED_AS),
      reconcilerBill(idleRunIn(fixed), reconcilerMemoryMb, minutesBetweenRuns),
    ),
    lambdaRequests: lambda.lambdaRequests ?? 0,
    lambdaGbSeconds: lambda.lambdaGbSeconds ?? 0,
  };
}
