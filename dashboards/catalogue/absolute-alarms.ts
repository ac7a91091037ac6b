/** Alarms on a number that is wrong in itself, whatever the traffic. */
import type { Alarm, AlarmSettings } from "./alarm.ts";
import {
  type AbsoluteAlarm,
  maximum,
  SECOND_MS,
  sum,
  whenAtLeast,
  whenNeverStarted,
  whenSilentForQuarterHour,
} from "./absolute-alarm.ts";
import { queueAlarms } from "./queue-alarms.ts";
import { scheduledAlarms } from "./scheduled-alarms.ts";
import { workerAlarms } from "./worker-alarms.ts";

export const HOST_FAILING = "host-failing";

const pipelineAlarms: readonly AbsoluteAlarm[] = [
  {
    id: "dead-letters",
    slo: "job-completion",
    title: "There are dead letters",
    severity: "ticket",
    happened:
      "The dead-letter queue holds messages. They are not valid, were received 16 times without a result, or failed for good while the gate was off.",
    felt: "The files that those messages asked for were never fetched, and nobody has been told.",
    why: "Somebody may rely on each of these messages, so even one is too many.",
    conditions: whenAtLeast(1, { aws: "messagesDead", ...maximum }, 5),
  },
  {
    id: "dead-letters-many",
    slo: "job-completion",
    title: "There are very many dead letters",
    severity: "ticket",
    happened: "The dead-letter queue holds a hundred messages or more.",
    felt: "Many files that were asked for were never fetched, and nobody has been told.",
    why: "A few are a ticket's matter. That ticket says nothing more while their number grows; a hundred are a fault that goes on.",
    runbook: "dead-letters",
    conditions: whenAtLeast(100, { aws: "messagesDead", ...maximum }, 5),
  },
  {
    id: HOST_FAILING,
    title: "Many jobs of one host fail",
    severity: "ticket",
    happened:
      "Fifty or more jobs of one host failed within an hour, for any reason, and one for each fifty files that were stored.",
    felt: "Files of that host are missing. Files of other hosts arrive.",
    why: "Refusals are not our fault and spend no budget, so no objective shows them. Jobs that a host made fail are left out of what pages for job completion, so this says it. Fifty means an origin that is down or has banned us, not a producer's few dead links.",
    conditions: [
      {
        metrics: {
          worst: { contributors: "failures-by-host", statistic: "MaxContributorValue" },
          done: { ours: "JobsCompleted", ...sum },
        },
        // A large host always refuses some.
        expression: "IF(50 * worst >= SUM([done, 0 * worst]), worst, 0)",
        periodMinutes: 60,
        periods: 1,
        comparison: ">=",
        threshold: 50,
        missing: "notBreaching",
      },
    ],
  },
];

const announcementAlarms: readonly AbsoluteAlarm[] = [
  {
    id: "announcements-late",
    title: "Announcements are late",
    severity: "page",
    happened:
      "For 15 minutes the change that the announcer tries to announce has been at least a quarter of an hour old.",
    felt: "Files are stored, but those who wait for them are not told.",
    why: "A second or two is usual, and Lambda tries again by itself. A quarter of an hour is more than a short failure of the bus. The table's stream forgets after a day.",
    conditions: whenAtLeast(900 * SECOND_MS, { aws: "announcerLag", ...maximum }, 5, 3),
  },
  {
    id: "announcer-not-started",
    title: "The announcer is not started",
    severity: "page",
    happened: "In each of two half hours in a row files were stored, and the announcer was not started once.",
    felt: "Files are stored, but those who wait for them are not told.",
    why: "A function that is never started has no age of what it reads, so announcements-late would be silent until the stream forgets. Each stored file starts it within seconds. Of a file stored in the last minutes, Lambda's metric may not be there yet; of the half hour before it is.",
    runbook: "announcements-late",
    conditions: whenNeverStarted({ ours: "JobsCompleted", ...sum }, 1, { aws: "announcerInvocations", ...sum }, 30, 2),
  },
];

/** Of both readers of the table's stream. */
const streamAlarms: readonly AbsoluteAlarm[] = [
  {
    id: "stream-dead-letters",
    title: "Records of the table's stream were set aside",
    severity: "ticket",
    happened:
      "A reader of the table's stream could not make sense of a record, or the stream forgot a record before it was announced.",
    felt: "A file may be stored that was never announced, or an old record may be missing from the archive.",
    why: "No record that the protocol writes ends there, so even one is too many.",
    conditions: whenAtLeast(1, { aws: "streamRecordsDead", ...maximum }, 5),
  },
];

const archiveAlarms: readonly AbsoluteAlarm[] = [
  {
    id: "archive-late",
    title: "Expired records are archived late",
    severity: "ticket",
    happened:
      "For half an hour, the records that the archiver tries to archive have been gone from the table for at least an hour.",
    felt: "Nothing. But until they are archived, the table's stream alone has those records, and it forgets after a day.",
    why: "A batch takes up to five minutes to fill, and Lambda tries again by itself. An hour is more than a short failure of S3, and leaves most of the day. A period is three times as long as a batch takes to fill, so a late archiver shows in each.",
    conditions: whenAtLeast(3600 * SECOND_MS, { aws: "archiverLag", ...maximum }, 15, 2),
  },
  {
    id: "archiver-not-started",
    title: "The archiver is not started",
    severity: "ticket",
    happened: "Within six hours, ten or more records expired, and the archiver was not started once.",
    felt: "Nothing. But the table's stream alone has those records, and it forgets after a day.",
    why: "A function that is never started has no age of what it reads, so archive-late would be silent. The archiver is started for whatever expires, jobs or not, within minutes.",
    runbook: "archive-late",
    conditions: whenNeverStarted({ aws: "recordsForgotten", ...sum }, 10, { aws: "archiverInvocations", ...sum }, 360),
  },
];

const recoveryAlarms: readonly AbsoluteAlarm[] = [
  {
    id: "reconciler-silent",
    slo: "crash-recovery",
    title: "The reconciler is silent",
    severity: "page",
    happened: "The reconciler is due every minute, but it has not reported a run for a quarter of an hour.",
    felt: "Files of crashed workers do not arrive at all, and staging litter piles up.",
    why: "A recovery is in time within three minutes. Metrics may arrive five minutes late, so the last of three periods may be empty although all is well.",
    conditions: whenSilentForQuarterHour({ ours: "ReconcilerRuns", ...sum }),
  },
  {
    id: "oldest-expired-lease",
    slo: "crash-recovery",
    title: "A lease was recovered very late",
    severity: "ticket",
    happened: "A lease had been expired for ten minutes or longer when the reconciler took it away.",
    felt: "At least one file of a crashed worker came ten minutes late.",
    why: "The objective's line is at three minutes, and schedule jitter does not explain ten. One lease is enough, so the alarm also fires when there are too few leases for the ratio.",
    conditions: whenAtLeast(600 * SECOND_MS, { ours: "OldestExpiredLease", ...maximum }, 5),
  },
  {
    id: "recovery-lag",
    slo: "crash-recovery",
    title: "The reconciler is behind",
    severity: "ticket",
    happened: "For 15 minutes the reconciler has left jobs undone that had been due for at least a quarter of an hour.",
    felt: "Files of crashed workers, and files that waited for their origin for long, come late. All others are on time.",
    why: "Runs take the longest overdue first, so the lag grows until a backlog is gone, even while the backlog shrinks. A quarter of an hour of lag that has lasted for another is a backlog of 30 runs, of `recoverLimit` jobs each. That is more than a crash of all workers leaves behind. It is a ticket, since nothing is lost and each run goes on.",
    conditions: whenAtLeast(900 * SECOND_MS, { ours: "RecoveryLag", ...maximum }, 5, 3),
  },
  {
    id: "reconciler-failing",
    slo: "crash-recovery",
    title: "The reconciler fails",
    severity: "ticket",
    happened: "Three or more runs of the reconciler ended in an error within a quarter of an hour.",
    felt: "Little yet: the next run does the work of a failed one. If all runs fail, crashed jobs stay where they are.",
    why: "Of fifteen runs, one or two may meet a throttled call; three are a cause that stays.",
    conditions: whenAtLeast(3, { aws: "reconcilerErrors", ...sum }, 15),
  },
  {
    id: "records-unreadable",
    slo: "crash-recovery",
    title: "A job's record cannot be read",
    severity: "ticket",
    happened:
      "In two periods of ten minutes in a row, the reconciler met a job record that it could not read, and left it alone.",
    felt: "The file of that job does not arrive. All other jobs go on.",
    why: "A file is missing, so even one record is too many. The reconciler looks at such a record again after the grace of 5 minutes, every 5 to 7 minutes in all: a period of ten has at least one look while the record is there, so the alarm stays on. Two periods leave out a record that only a release being deployed could not read.",
    conditions: whenAtLeast(1, { ours: "RecordsUnreadable", ...maximum }, 10, 2),
  },
];

const resourceAlarms: readonly AbsoluteAlarm[] = [
  {
    id: "table-throttled",
    slo: "lease-acquisition",
    title: "The table is throttled",
    severity: "ticket",
    happened: "DynamoDB throttled reads or writes of the table or its index, ten a minute for 15 minutes.",
    felt: "Files start later, and attempts are spent without progress.",
    why: "An on-demand table throttles for some minutes when the load suddenly grows tenfold, and the SDK tries again. Three periods of five minutes in a row are longer than that.",
    conditions: [
      {
        metrics: {
          reads: { aws: "tableReadThrottles", ...sum },
          writes: { aws: "tableWriteThrottles", ...sum },
          indexReads: { aws: "indexReadThrottles", ...sum },
          indexWrites: { aws: "indexWriteThrottles", ...sum },
        },
        expression: "FILL(reads, 0) + FILL(writes, 0) + FILL(indexReads, 0) + FILL(indexWrites, 0)",
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
    happened: "For two hours no lease was taken in less than half a second, of three or more.",
    felt: "Each file starts half a second late, whatever the traffic.",
    why: "It looks at the minimum, since cold starts make single leases slow. The threshold is five times the objective's line. The window is two hours, so that it also works at two jobs an hour.",
    conditions: [
      {
        metrics: {
          fastest: { ours: "LeaseAcquisition", statistic: "Minimum" },
          taken: { ours: "LeasesTaken", ...sum },
        },
        expression: "IF(FILL(taken, 0) >= 3, fastest, 0)",
        periodMinutes: 120,
        periods: 1,
        comparison: ">=",
        threshold: 500,
        missing: "notBreaching",
      },
    ],
  },
  {
    id: "clocks-off",
    title: "A clock is off",
    severity: "ticket",
    happened: "Twice or more within an hour, a clock differed from another by more than half a minute.",
    felt: "Nothing yet: fences keep every effect single. But jobs are taken from workers that hold them, or wait for hours after a crash.",
    why: "NTP keeps clocks within milliseconds, and half a minute is a quarter of a lease. A process tells at most once a minute, so twice is no glitch.",
    conditions: whenAtLeast(2, { ours: "ClocksOff", ...sum }, 60),
  },
];

const readerAlarms = ({ announcements, expiredRecords }: AlarmSettings): readonly AbsoluteAlarm[] => {
  const isAnnounced = announcements !== "none";
  const isArchived = expiredRecords === "archive";
  return [
    ...(isAnnounced ? announcementAlarms : []),
    ...(isAnnounced || isArchived ? streamAlarms : []),
    ...(isArchived ? archiveAlarms : []),
  ];
};

export const absoluteAlarms = (settings: AlarmSettings): readonly Alarm[] =>
  [
    ...queueAlarms(settings),
    ...pipelineAlarms,
    ...readerAlarms(settings),
    ...recoveryAlarms,
    ...scheduledAlarms,
    ...workerAlarms(settings),
    ...resourceAlarms,
  ].map((alarm) => Object.assign({ kind: "absolute", runbook: alarm.id } as const, alarm));
