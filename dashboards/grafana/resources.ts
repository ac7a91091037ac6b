import type { AwsMetricKey, AwsResource } from "../catalogue/alarm.ts";

interface Resource {
  /** The dashboard's variable that holds its name. */
  readonly variable: string;
  readonly label: string;
  readonly dimension: "FunctionName" | "QueueName" | "TableName";
  /** What its name has after the stack's. CloudFormation adds some letters of its own. */
  readonly logicalId: string;
  /** A metric that it has. */
  readonly metric: AwsMetricKey;
}

const queue = { dimension: "QueueName" } as const;
const lambda = { dimension: "FunctionName" } as const;

/** The resources whose AWS metrics the dashboards show, in the order of the variables. */
export const RESOURCES: Readonly<Record<Exclude<AwsResource, "watchIndex">, Resource>> = {
  queue: { ...queue, variable: "queue", label: "Queue", logicalId: "WorkQueue", metric: "messagesVisible" },
  urgentQueue: {
    ...queue,
    variable: "urgent_queue",
    label: "Urgent queue",
    logicalId: "WorkUrgentQueue",
    metric: "urgentMessagesVisible",
  },
  longQueue: {
    ...queue,
    variable: "long_queue",
    label: "Queue of the long lane",
    logicalId: "WorkLongQueue",
    metric: "longMessagesVisible",
  },
  deadLetters: {
    ...queue,
    variable: "dead_letters",
    label: "Dead letters",
    logicalId: "WorkDeadLetters",
    metric: "messagesDead",
  },
  worker: { ...lambda, variable: "worker", label: "Worker", logicalId: "WorkerFunction", metric: "workerInvocations" },
  longWorker: {
    ...lambda,
    variable: "long_worker",
    label: "Long lane's worker",
    logicalId: "LongWorkerFunction",
    metric: "longWorkerInvocations",
  },
  reconciler: {
    ...lambda,
    variable: "reconciler",
    label: "Reconciler",
    logicalId: "ReconcilerFunction",
    metric: "reconcilerErrors",
  },
  announcer: {
    ...lambda,
    variable: "announcer",
    label: "Announcer",
    logicalId: "AnnouncerFunction",
    metric: "announcerLag",
  },
  archiver: {
    ...lambda,
    variable: "archiver",
    label: "Archiver",
    logicalId: "ArchiverFunction",
    metric: "archiverLag",
  },
  streamDeadLetters: {
    ...queue,
    variable: "stream_dead_letters",
    label: "Dead letters of the stream",
    logicalId: "StreamDeadLetters",
    metric: "streamRecordsDead",
  },
  rollout: {
    ...lambda,
    variable: "rollout",
    label: "Rollout controller",
    logicalId: "RolloutFunction",
    metric: "rolloutInvocations",
  },
  batches: {
    ...lambda,
    variable: "batches",
    label: "Batch follower",
    logicalId: "BatchesFunction",
    metric: "batchesInvocations",
  },
  table: { dimension: "TableName", variable: "table", label: "Table", logicalId: "Table", metric: "tableWriteUnits" },
};
