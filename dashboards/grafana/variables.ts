import { AWS_METRICS, type AwsMetricKey } from "../catalogue/alarm.ts";

const DATA_SOURCE = { type: "cloudwatch", uid: `\${datasource}` } as const;
const NEVER_HIDDEN = 0;
const ON_TIME_RANGE_CHANGE = 2;

const choice = (name: string, label: string, values: readonly string[]): object => ({
  name,
  label,
  type: "custom",
  hide: NEVER_HIDDEN,
  query: values.join(","),
  options: values.map((value, index) => ({ text: value, value, selected: index === 0 })),
  current: { text: values[0], value: values[0] },
});

/** A variable for a resource whose name CloudFormation makes: the dimension values that match stack and logical id. */
function resource(name: string, label: string, metric: AwsMetricKey, dimensionKey: string, logicalId: string): object {
  const { namespace, name: metricName } = AWS_METRICS[metric];
  return {
    name,
    label,
    type: "query",
    hide: NEVER_HIDDEN,
    datasource: DATA_SOURCE,
    refresh: ON_TIME_RANGE_CHANGE,
    regex: `/^fetchonce-$environment(-pipeline)?-${logicalId}/`,
    query: {
      refId: "CloudWatchVariableQueryEditor-VariableQuery",
      queryType: "dimensionValues",
      region: "$region",
      namespace,
      metricName,
      dimensionKey,
      dimensionFilters: {},
    },
    current: {},
    options: [],
  };
}

export const VARIABLES: readonly object[] = [
  {
    name: "datasource",
    label: "Data source",
    type: "datasource",
    hide: NEVER_HIDDEN,
    query: "cloudwatch",
    current: {},
    options: [],
    regex: "",
  },
  {
    name: "region",
    label: "Region",
    type: "query",
    hide: NEVER_HIDDEN,
    datasource: DATA_SOURCE,
    refresh: 1,
    regex: "",
    query: { refId: "CloudWatchVariableQueryEditor-VariableQuery", queryType: "regions" },
    // The data source's own default region.
    current: { text: "default", value: "default" },
    options: [],
  },
  choice("environment", "Environment", ["prod", "staging", "dev"]),
  resource("queue", "Queue", "messagesVisible", "QueueName", "WorkQueue"),
  resource("long_queue", "Queue of the long lane", "longMessagesVisible", "QueueName", "WorkLongQueue"),
  resource("dead_letters", "Dead letters", "messagesDead", "QueueName", "WorkDeadLetters"),
  resource("worker", "Worker", "workerInvocations", "FunctionName", "WorkerFunction"),
  resource("long_worker", "Long lane's worker", "longWorkerInvocations", "FunctionName", "LongWorkerFunction"),
  resource("reconciler", "Reconciler", "reconcilerErrors", "FunctionName", "ReconcilerFunction"),
  resource("announcer", "Announcer", "announcerLag", "FunctionName", "AnnouncerFunction"),
  resource("archiver", "Archiver", "archiverLag", "FunctionName", "ArchiverFunction"),
  resource("stream_dead_letters", "Dead letters of the stream", "streamRecordsDead", "QueueName", "StreamDeadLetters"),
  resource("rollout", "Rollout controller", "rolloutInvocations", "FunctionName", "RolloutFunction"),
  resource("table", "Table", "tableWriteUnits", "TableName", "Table"),
];
