/** Alarms on the functions that run every minute, beside the reconciler. */
import { type AbsoluteAlarm, sum, whenAtLeast, whenSilentForQuarterHour } from "./absolute-alarm.ts";

export const scheduledAlarms: readonly AbsoluteAlarm[] = [
  {
    id: "rollout-silent",
    title: "The rollout controller is silent",
    severity: "ticket",
    happened: "The rollout controller is due every minute, but it has not been started for a quarter of an hour.",
    felt: "Nothing, unless the gate is being rolled out. Then no alarm takes the rollout back, and no step follows.",
    why: "The same time as for the reconciler. It is a ticket, since a person who is paged for an objective can turn the gate off by hand.",
    runbook: "gate-rollout",
    conditions: whenSilentForQuarterHour({ aws: "rolloutInvocations", ...sum }),
  },
  {
    id: "rollout-failing",
    title: "The rollout controller fails",
    severity: "ticket",
    happened: "Three or more runs of the rollout controller ended in an error within a quarter of an hour.",
    felt: "Nothing, unless the gate is being rolled out. Then it may not be taken back in time.",
    why: "Of fifteen runs, one or two may meet a throttled call; three are a cause that stays.",
    runbook: "gate-rollout",
    conditions: whenAtLeast(3, { aws: "rolloutErrors", ...sum }, 15),
  },
  {
    id: "batches-silent",
    title: "Batches are neither made nor followed",
    severity: "ticket",
    happened:
      "The function that makes and follows batches is due every minute, but it has not been started for a quarter of an hour.",
    felt: "Files arrive. But of a list that was submitted, nobody is told that all its files have ended, and there is no report. A list that was put into S3 waits.",
    why: "The same time as for the reconciler. It is a ticket, since a batch that is reported late harms nobody: its record brings it back at the next run.",
    runbook: "batches-late",
    conditions: whenSilentForQuarterHour({ aws: "batchesInvocations", ...sum }),
  },
  {
    id: "batches-failing",
    title: "Making or following batches fails",
    severity: "ticket",
    happened:
      "Three or more runs of the function that makes and follows batches ended in an error within a quarter of an hour.",
    felt: "Files arrive. But of a list that was submitted, the report and the news of its end may not come, and a list that was put into S3 may not be sent.",
    why: "Of fifteen runs, one or two may meet a throttled call; three are a cause that stays.",
    runbook: "batches-late",
    conditions: whenAtLeast(3, { aws: "batchesErrors", ...sum }, 15),
  },
];
