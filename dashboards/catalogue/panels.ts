/** The panels that the dashboards show in addition to the objectives. */
import type { MetricSource } from "./alarm.ts";

export interface Panel {
  readonly title: string;
  readonly unit: "count" | "ms" | "s";
  readonly periodMinutes: number;
  readonly series: readonly MetricSource[];
}

const PERIOD = { periodMinutes: 5 } as const;
const sum = { statistic: "Sum" } as const;
const worst = { statistic: "MaxContributorValue" } as const;
const maximum = { statistic: "Maximum" } as const;

export const PANELS: readonly Panel[] = [
  {
    title: "Jobs",
    unit: "count",
    ...PERIOD,
    series: [
      { ours: "JobsPlanned", ...sum },
      { ours: "JobsCompleted", ...sum },
      { ours: "JobsFailed", ...sum },
      { ours: "JobsRefused", ...sum },
    ],
  },
  {
    title: "Time to complete",
    unit: "ms",
    ...PERIOD,
    series: [
      { ours: "TimeToComplete", statistic: "Average" },
      { ours: "TimeToComplete", ...maximum },
    ],
  },
  {
    title: "Failures of the worst host",
    unit: "count",
    ...PERIOD,
    series: [{ contributors: "failures-by-host", ...worst }],
  },
  {
    title: "Trouble of the worst host",
    unit: "count",
    ...PERIOD,
    series: [
      { contributors: "hosts-waiting", ...worst },
      { contributors: "hosts-slowed", ...worst },
      { contributors: "hosts-failing", ...worst },
    ],
  },
  {
    title: "Queue",
    unit: "count",
    ...PERIOD,
    series: [
      { aws: "messagesVisible", ...maximum },
      { aws: "messagesInFlight", ...maximum },
      { aws: "urgentMessagesVisible", ...maximum },
      { aws: "urgentMessagesInFlight", ...maximum },
      { aws: "longMessagesVisible", ...maximum },
      { aws: "longMessagesInFlight", ...maximum },
      { aws: "messagesDead", ...maximum },
      { aws: "streamRecordsDead", ...maximum },
    ],
  },
  {
    title: "Messages finished",
    unit: "count",
    ...PERIOD,
    series: [
      { aws: "messagesDeleted", ...sum },
      { aws: "urgentMessagesDeleted", ...sum },
      { aws: "longMessagesDeleted", ...sum },
    ],
  },
  {
    title: "Age of the oldest message",
    unit: "s",
    ...PERIOD,
    series: [
      { aws: "oldestMessageAge", ...maximum },
      { aws: "oldestUrgentMessageAge", ...maximum },
      { aws: "oldestLongMessageAge", ...maximum },
    ],
  },
  {
    title: "Age of announced changes",
    unit: "ms",
    ...PERIOD,
    series: [{ aws: "announcerLag", ...maximum }],
  },
  {
    title: "Age of archived records",
    unit: "ms",
    ...PERIOD,
    series: [{ aws: "archiverLag", ...maximum }],
  },
  {
    title: "Recovery",
    unit: "count",
    ...PERIOD,
    series: [
      { ours: "ReconcilerRuns", ...sum },
      { ours: "LeasesRecovered", ...sum },
      { ours: "LeasesRecoveredLate", ...sum },
      { ours: "OperationsAbandoned", ...sum },
      { ours: "RecordsUnreadable", ...sum },
      { aws: "reconcilerErrors", ...sum },
    ],
  },
  {
    title: "Trouble that no origin made",
    unit: "count",
    ...PERIOD,
    series: [
      { ours: "MessagesFailing", ...sum },
      { ours: "DeliveriesFailed", ...sum },
      { ours: "ClocksOff", ...sum },
    ],
  },
  {
    title: "Oldest expired lease",
    unit: "ms",
    ...PERIOD,
    series: [
      { ours: "OldestExpiredLease", ...maximum },
      { ours: "RecoveryLag", ...maximum },
    ],
  },
  {
    title: "Leases",
    unit: "ms",
    ...PERIOD,
    series: [
      { ours: "LeaseAcquisition", statistic: "Minimum" },
      { ours: "LeaseAcquisition", statistic: "Average" },
      { ours: "LeaseAcquisition", ...maximum },
    ],
  },
  {
    title: "Operations",
    unit: "count",
    ...PERIOD,
    series: [
      { ours: "OperationsCompleted", ...sum },
      { ours: "OperationsReplayed", ...sum },
    ],
  },
  {
    title: "Worker",
    unit: "count",
    ...PERIOD,
    series: [
      { aws: "workerInvocations", ...sum },
      { aws: "workerErrors", ...sum },
      { aws: "workerThrottles", ...sum },
      { aws: "workerConcurrency", ...maximum },
    ],
  },
  {
    title: "Long lane's worker",
    unit: "count",
    ...PERIOD,
    series: [
      { aws: "longWorkerInvocations", ...sum },
      { aws: "longWorkerErrors", ...sum },
      { aws: "longWorkerThrottles", ...sum },
      { aws: "longWorkerConcurrency", ...maximum },
    ],
  },
  {
    title: "Worker: longest invocation",
    unit: "ms",
    ...PERIOD,
    series: [
      { aws: "workerDuration", ...maximum },
      { aws: "longWorkerDuration", ...maximum },
    ],
  },
  {
    title: "Rollout controller",
    unit: "count",
    ...PERIOD,
    series: [
      { aws: "rolloutInvocations", ...sum },
      { aws: "rolloutErrors", ...sum },
    ],
  },
  {
    title: "Batch follower",
    unit: "count",
    ...PERIOD,
    series: [
      { aws: "batchesInvocations", ...sum },
      { aws: "batchesErrors", ...sum },
    ],
  },
  {
    title: "Table",
    unit: "count",
    ...PERIOD,
    series: [
      { aws: "tableWriteUnits", ...sum },
      { aws: "tableReadThrottles", ...sum },
      { aws: "indexReadThrottles", ...sum },
      { aws: "tableWriteThrottles", ...sum },
      { aws: "indexWriteThrottles", ...sum },
    ],
  },
];
