import { Annotations, Aws } from "aws-cdk-lib/core";
import { Construct } from "constructs";
import { WATCH_INDEX } from "../../core/model/keys.ts";
import { HOST_FAILING } from "../../dashboards/catalogue/absolute-alarms.ts";
import { alarmsOf } from "../../dashboards/catalogue/alarms.ts";
import { makeAlarms, watchObjectives } from "../../dashboards/cloudwatch/alarms.ts";
import { makeContributorRules } from "../../dashboards/cloudwatch/contributors.ts";
import { makeDashboard } from "../../dashboards/cloudwatch/dashboard.ts";
import type { Place } from "../../dashboards/cloudwatch/metrics.ts";
import { saveQueries } from "../../dashboards/cloudwatch/saved-queries.ts";
import type { Monitoring as Settings } from "../environments/environment.ts";
import { isLink } from "../environments/environments.ts";
import type { Announcer } from "./announcer.ts";
import type { BatchFollower } from "./batch-follower.ts";
import type { Archiver } from "./records-archive.ts";
import type { Deployment } from "./handler-function.ts";
import type { AlarmTopics } from "./alarm-topics.ts";
import { actionsOf, Notifications } from "./notifications.ts";
import type { Reconciler } from "./reconciler.ts";
import type { GateRollout } from "./gate-rollout.ts";
import type { Worker } from "./worker.ts";

export interface MonitoringProps extends Deployment {
  readonly monitoring: Settings;
  /** Undefined: topics of its own are made, with the subscribers of `monitoring.tells`. */
  readonly alarmTopics: AlarmTopics | undefined;
  readonly worker: Worker;
  readonly longWorker: Worker;
  readonly reconciler: Reconciler;
  readonly batches: BatchFollower;
  readonly announcer: Announcer | undefined;
  readonly archiver: Archiver | undefined;
  readonly rollout: GateRollout;
}

/** Alarms, dashboard, saved queries and notifications for on-call, made from the catalogue in `dashboards/`. */
export class Monitoring extends Construct {
  constructor(scope: Construct, id: string, props: MonitoringProps) {
    super(scope, id);
    const { environment, longWorker, monitoring, prefix, worker, reconciler } = props;
    // Dashboards are an account's, and not a region's: two regions may have a deployment of the same name.
    const dashboard = `${prefix}-${Aws.REGION}`;
    const workersLogs = [worker.function.logGroup, longWorker.function.logGroup];

    const actions = props.alarmTopics
      ? actionsOf(props.alarmTopics)
      : new Notifications(this, "Notifications", { ...props, tells: monitoring.tells }).actions;
    const rules = makeContributorRules(this, prefix, workersLogs);
    const place = placeOf(props);
    if (actions && !isLink(monitoring.runbookBaseUrl)) this.#warnOfDeadLinks(prefix, monitoring);
    const catalogue = alarmsOf({ ...environment, ...monitoring });
    const alarmsProps = {
      place,
      actions,
      runbookBaseUrl: monitoring.runbookBaseUrl,
      views: {
        Dashboard: consoleView(`dashboards/dashboard/${dashboard}`),
        "Worker's log": consoleView(`logsV2:log-groups/log-group/${worker.function.logGroup.logGroupName}`),
      },
    };
    const alarms = makeAlarms(this, catalogue, alarmsProps);
    watchObjectives(this, catalogue, alarms, alarmsProps);
    // The alarm refers to the rule by name only, so CloudFormation sees no dependency.
    for (const alarm of alarms) if (alarm.node.id === HOST_FAILING) alarm.node.addDependency(rules["failures-by-host"]);
    for (const rule of ["fast", "slow"])
      this.node.findChild(`job-completion-${rule}-long`).node.addDependency(rules["given-up-by-host"]);
    makeDashboard(this, { name: dashboard, place, alarms });
    saveQueries(this, prefix, [...workersLogs, reconciler.function.logGroup]);
  }

  #warnOfDeadLinks(prefix: string, { runbookBaseUrl }: Settings): void {
    Annotations.of(this).addWarningV2(
      "fetchonce:runbooks-are-no-links",
      `The alarms of ${prefix} name runbooks that nobody can open: monitoring.runbookBaseUrl is "${runbookBaseUrl}". ` +
        "Set it to the address of docs/runbooks/ where your people read it, " +
        "such as https://github.com/<owner>/<repository>/blob/main/docs/runbooks.",
    );
  }
}

const consoleView = (fragment: string): string =>
  `https://${Aws.REGION}.console.aws.amazon.com/cloudwatch/home?region=${Aws.REGION}#${fragment}`;

const placeOf = (props: MonitoringProps): Place => ({
  prefix: props.prefix,
  environment: props.name,
  dimensions: {
    queue: { QueueName: props.data.work.queue.queueName },
    urgentQueue: { QueueName: props.data.work.urgentQueue.queueName },
    longQueue: { QueueName: props.data.work.longQueue.queueName },
    deadLetters: { QueueName: props.data.work.deadLetters.queueName },
    worker: { FunctionName: props.worker.function.functionName },
    longWorker: { FunctionName: props.longWorker.function.functionName },
    reconciler: { FunctionName: props.reconciler.function.functionName },
    batches: { FunctionName: props.batches.function.functionName },
    announcer: props.announcer && { FunctionName: props.announcer.function.functionName },
    archiver: props.archiver && { FunctionName: props.archiver.function.functionName },
    streamDeadLetters: { QueueName: props.data.streamDeadLetters.queueName },
    rollout: { FunctionName: props.rollout.function.functionName },
    table: { TableName: props.data.table.tableName },
    watchIndex: { TableName: props.data.table.tableName, GlobalSecondaryIndexName: WATCH_INDEX },
  },
});
