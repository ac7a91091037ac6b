/** Alarms on a number that is wrong by itself, whatever the traffic. */
import { type Alarm, type AlarmSettings, type Condition, FAILURES_BY_HOST, type MetricSource } from "./alarm.ts";

export const HOST_FAILING = "host-failing";

const SECOND_MS = 1000;
/** An invocation hands its files on well before it ends; so close to its end it has not. */
const NEAR_THE_TIMEOUT_MS = 5 * SECOND_MS;

/** Its runbook is the page of its own id, where it names no other. */
type AbsoluteAlarm = Omit<Alarm, "kind" | "runbook"> & Partial<Pick<Alarm, "runbook">>;

const whenAtLeast = (
  threshold: number,
  source: MetricSource,
  periodMinutes: number,
  periods = 1,
): readonly [Condition] => [
  { metrics: { value: source }, periodMinutes, periods, comparison: ">=", threshold, missing: "notBreaching" },
];

const whenSilentFor5Minutes = (runs: MetricSource): readonly [Condition] => [
  {
    metrics: { runs },
    // Without FILL it would be seven minutes: CloudWatch looks for points before the last five, too, and believes them.
    expression: "FILL(runs, 0)",
    periodMinutes: 1,
    periods: 5,
    comparison: "<",
    threshold: 1,
    missing: "breaching",
  },
];

const sum = { statistic: "Sum" } as const;
const maximum = { statistic: "Maximum" } as const;

const pipelineAlarms = ({ visibilityTimeoutMs }: AlarmSettings): readonly AbsoluteAlarm[] => [
  {
    id: "oldest-message",
    slo: "time-to-complete-median",
    title: "The oldest message waits",
    severity: "page",
    happened: "A message has been in the queue for three visibility timeouts, and nobody gets it done.",
    felt: "Files that were asked for do not arrive; new ones queue up behind them.",
    why: "One timeout passes when a worker dies with a message it had not leased, one while a long file is at work; a third has no good reason. For 15 minutes, since one origin's Retry-After delays a single message.",
    conditions: whenAtLeast((3 * visibilityTimeoutMs) / SECOND_MS, { aws: "oldestMessageAge", ...maximum }, 5, 3),
  },
  {
    id: "dead-letters",
    slo: "job-completion",
    title: "Dead letters wait",
    severity: "ticket",
    happened: "The dead-letter queue holds messages: not valid, or received 16 times without a word from a worker.",
    felt: "What those messages asked for was never fetched, and nobody has been told.",
    why: "Each dead letter is a promise somebody may rely on; there is no number of them that is normal.",
    conditions: whenAtLeast(1, { aws: "messagesDead", ...maximum }, 5),
  },
  {
    id: HOST_FAILING,
    title: "A host fails",
    severity: "ticket",
    happened: "Fifty jobs or more for one host failed within a quarter of an hour, whatever their reason.",
    felt: "Files of that host are missing; the others arrive.",
    why: "Refusals are no fault of ours and cost no budget, so no objective shows them. Fifty is half of what the fast rule needs: an origin that is down or has banned us, not a producer's few dead links.",
    conditions: whenAtLeast(50, { contributors: FAILURES_BY_HOST, statistic: "MaxContributorValue" }, 15),
  },
];

const announcementAlarms: readonly AbsoluteAlarm[] = [
  {
    id: "announcements-late",
    title: "Announcements are late",
    severity: "page",
    happened: "For 15 minutes what the announcer tries to tell has been a quarter of an hour old, or older.",
    felt: "Files are there, and nobody who waits for them is told.",
    why: "A second or two is usual, and Lambda tries again by itself: a quarter of an hour is no hiccup of the bus. The table's stream forgets after a day.",
    conditions: whenAtLeast(900 * SECOND_MS, { aws: "announcerLag", ...maximum }, 5, 3),
  },
  {
    id: "stream-dead-letters",
    title: "Records of the stream wait",
    severity: "ticket",
    happened:
      "A record of the table's stream made no sense to its readers, or the stream forgot it before they could read it.",
    felt: "A file may be there of which nobody was told, or an old record is in no archive.",
    why: "Nothing that the protocol writes ends there; there is no number of them that is normal.",
    conditions: whenAtLeast(1, { aws: "streamRecordsDead", ...maximum }, 5),
  },
];

const recoveryAlarms: readonly AbsoluteAlarm[] = [
  {
    id: "reconciler-silent",
    slo: "crash-recovery",
    title: "The reconciler is silent",
    severity: "page",
    happened: "The reconciler, due every minute, has not reported a run for five minutes.",
    felt: "Files of crashed workers do not arrive at all, and staging litter piles up.",
    why: "A lease is recovered in time within three minutes; the fourth and fifth are for metrics that come late.",
    conditions: whenSilentFor5Minutes({ ours: "ReconcilerRuns", ...sum }),
  },
  {
    id: "oldest-expired-lease",
    slo: "crash-recovery",
    title: "A lease was recovered very late",
    severity: "ticket",
    happened: "A lease had been expired for ten minutes or longer when the reconciler took it away.",
    felt: "At least one file of a crashed worker came ten minutes late.",
    why: "The objective's line is at three minutes; ten are no jitter of a schedule. One lease is enough, so that it speaks where the ratio has too few.",
    conditions: whenAtLeast(600 * SECOND_MS, { ours: "OldestExpiredLease", ...maximum }, 5),
  },
  {
    id: "reconciler-failing",
    slo: "crash-recovery",
    title: "The reconciler fails",
    severity: "ticket",
    happened: "Three runs of the reconciler or more ended in an error within a quarter of an hour.",
    felt: "Little yet: the next run does the work of a failed one. If all fail, crashed jobs stay where they are.",
    why: "Of fifteen runs, one or two may meet a throttled call; three are a cause that stays.",
    conditions: whenAtLeast(3, { aws: "reconcilerErrors", ...sum }, 15),
  },
];

const rolloutAlarms: readonly AbsoluteAlarm[] = [
  {
    id: "rollout-silent",
    title: "The rollout controller is silent",
    severity: "ticket",
    happened: "The rollout controller, due every minute, has not been started for five minutes.",
    felt: "Nothing, unless the gate is being rolled out: then no alarm takes that back, and no step follows.",
    why: "As long as the reconciler may be silent. A ticket, since whoever is paged for an objective can turn the gate off by hand.",
    runbook: "gate-rollout",
    conditions: whenSilentFor5Minutes({ aws: "rolloutInvocations", ...sum }),
  },
  {
    id: "rollout-failing",
    title: "The rollout controller fails",
    severity: "ticket",
    happened: "Three runs of the rollout controller or more ended in an error within a quarter of an hour.",
    felt: "Nothing, unless the gate is being rolled out: then it may not be taken back in time.",
    why: "Of fifteen runs, one or two may meet a throttled call; three are a cause that stays.",
    runbook: "gate-rollout",
    conditions: whenAtLeast(3, { aws: "rolloutErrors", ...sum }, 15),
  },
];

const resourceAlarms = (settings: AlarmSettings): readonly AbsoluteAlarm[] => [
  {
    id: "worker-failing",
    slo: "job-completion",
    title: "The worker fails",
    severity: "page",
    happened: "A tenth of the worker's invocations or more ended in an error: not a job's, the function's own.",
    felt: "Files are late by a lease's time-out, or do not arrive at all.",
    why: "A failing job is reported as a batch item and is no error here. Three errors and a tenth: a bad deployment fails nearly all, a single crash one of many.",
    conditions: [
      {
        metrics: { errors: { aws: "workerErrors", ...sum }, invocations: { aws: "workerInvocations", ...sum } },
        expression: "IF(FILL(errors, 0) >= 3, errors / invocations, 0)",
        periodMinutes: 15,
        periods: 1,
        comparison: ">=",
        threshold: 0.1,
        missing: "notBreaching",
      },
    ],
  },
  {
    id: "worker-timing-out",
    title: "The worker times out",
    severity: "ticket",
    happened: "An invocation ran to within five seconds of its time-out: it did not hand its files on in time.",
    felt: "Those files wait until their lease expires.",
    why: "An invocation stops taking on work at its deadline buffer of 30 seconds; 25 of them are enough to save a checkpoint.",
    conditions: whenAtLeast(settings.workerTimeoutMs - NEAR_THE_TIMEOUT_MS, { aws: "workerDuration", ...maximum }, 15),
  },
  {
    id: "functions-throttled",
    title: "Functions are throttled",
    severity: "ticket",
    happened:
      "Lambda refused to start a worker or the reconciler for want of concurrency, ten times within 15 minutes.",
    felt: "Files wait in the queue for longer.",
    why: "The event source keeps to its own maximum, so throttles mean that the account's concurrency is used up. Fewer than ten are a moment at scale-up.",
    conditions: [
      {
        metrics: {
          worker: { aws: "workerThrottles", ...sum },
          reconciler: { aws: "reconcilerThrottles", ...sum },
        },
        expression: "FILL(worker, 0) + FILL(reconciler, 0)",
        periodMinutes: 15,
        periods: 1,
        comparison: ">=",
        threshold: 10,
        missing: "notBreaching",
      },
    ],
  },
  {
    id: "table-throttled",
    slo: "lease-acquisition",
    title: "The table is throttled",
    severity: "ticket",
    happened: "DynamoDB throttled reads or writes of the table or its index, ten a minute for 15 minutes.",
    felt: "Files start later; attempts are spent on nothing.",
    why: "An on-demand table throttles for some minutes after a sudden tenfold load, and the SDK tries again. Three periods of five minutes in a row are longer than that.",
    conditions: [
      {
        metrics: {
          reads: { aws: "tableReadThrottles", ...sum },
          writes: { aws: "tableWriteThrottles", ...sum },
          index: { aws: "indexWriteThrottles", ...sum },
        },
        expression: "FILL(reads, 0) + FILL(writes, 0) + FILL(index, 0)",
        periodMinutes: 5,
        periods: 3,
        comparison: ">=",
        threshold: 50,
        missing: "notBreaching",
      },
    ],
  },
  {
    id: "leases-all-slow",
    slo: "lease-acquisition",
    title: "Even the fastest lease is slow",
    severity: "ticket",
    happened: "For 15 minutes no lease was taken in less than half a second.",
    felt: "Each file starts half a second late, at any traffic.",
    why: "The minimum, since cold starts make single leases slow; five times the objective's line. Also where there are too few leases for the ratio.",
    conditions: whenAtLeast(500, { ours: "LeaseAcquisition", statistic: "Minimum" }, 5, 3),
  },
  {
    id: "ledger-growing",
    title: "The ledger grows",
    severity: "ticket",
    happened: "In a day, more job records were made beyond those forgotten than this environment is meant to add.",
    felt: "Nothing. It is the bill that grows: storage for as long as records are kept, and eight write units a job.",
    why: "The environment's own figure (`ledgerGrowthADay` in infra/environments/environments.ts): what a day was planned to bring. DynamoDB counts what its TTL deletes within days, so a day's jitter is expected.",
    conditions: [
      {
        metrics: {
          planned: { ours: "JobsPlanned", ...sum },
          forgotten: { aws: "recordsForgotten", ...sum },
        },
        expression: "FILL(planned, 0) - FILL(forgotten, 0)",
        periodMinutes: 1440,
        periods: 1,
        comparison: ">=",
        threshold: settings.ledgerGrowthADay,
        missing: "notBreaching",
      },
    ],
  },
];

export const absoluteAlarms = (settings: AlarmSettings): readonly Alarm[] =>
  [
    ...pipelineAlarms(settings),
    ...announcementAlarms,
    ...recoveryAlarms,
    ...rolloutAlarms,
    ...resourceAlarms(settings),
  ].map((alarm) => Object.assign({ kind: "absolute", runbook: alarm.id } as const, alarm));
