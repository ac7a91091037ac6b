import { Aws, Stack } from "aws-cdk-lib/core";
import { Construct } from "constructs";
import { FAILURES_BY_HOST } from "../../dashboards/catalogue/alarm.ts";
import { HOST_FAILING } from "../../dashboards/catalogue/absolute-alarms.ts";
import { alarmsOf } from "../../dashboards/catalogue/alarms.ts";
import { makeAlarms, watchObjectives } from "../../dashboards/cloudwatch/alarms.ts";
import { countFailuresByHost } from "../../dashboards/cloudwatch/contributors.ts";
import { makeDashboard } from "../../dashboards/cloudwatch/dashboard.ts";
import type { Place } from "../../dashboards/cloudwatch/metrics.ts";
import { saveQueries } from "../../dashboards/cloudwatch/saved-queries.ts";
import type { Environment, EnvironmentName, Monitoring as Settings } from "../environments.ts";
import type { JobsTable } from "./jobs-table.ts";
import { Notifications } from "./notifications.ts";
import type { Reconciler } from "./reconciler.ts";
import type { Rollout } from "./rollout.ts";
import type { WorkQueue } from "./work-queue.ts";
import type { Worker } from "./worker.ts";

export interface MonitoringProps {
  readonly name: EnvironmentName;
  readonly environment: Environment;
  readonly monitoring: Settings;
  readonly table: JobsTable;
  readonly work: WorkQueue;
  readonly worker: Worker;
  readonly reconciler: Reconciler;
  readonly rollout: Rollout;
}

/** Everything on-call needs, made from the catalogue in `dashboards/`. */
export class Monitoring extends Construct {
  readonly dashboardName: string;

  constructor(scope: Construct, id: string, props: MonitoringProps) {
    super(scope, id);
    const { environment, monitoring, worker, reconciler } = props;
    const prefix = Stack.of(this).stackName;
    this.dashboardName = prefix;
    const logs = { worker: worker.function.logGroup, reconciler: reconciler.function.logGroup };

    const notifications = new Notifications(this, "Notifications", monitoring.tells);
    const contributorRule = `${prefix}-${FAILURES_BY_HOST}`;
    const rule = countFailuresByHost(this, contributorRule, logs.worker);
    const place = placeOf(props, contributorRule);
    const catalogue = alarmsOf({ ...environment, ...monitoring });
    const alarmsProps = {
      place,
      prefix,
      actions: monitoring.tells && notifications.actions,
      runbookBaseUrl: monitoring.runbookBaseUrl,
      views: {
        Dashboard: consoleView(`dashboards/dashboard/${prefix}`),
        "Worker's log": consoleView(`logsV2:log-groups/log-group/${logs.worker.logGroupName}`),
      },
    };
    const alarms = makeAlarms(this, catalogue, alarmsProps);
    watchObjectives(this, catalogue, alarms, alarmsProps);
    // The alarm names the rule, which CloudFormation does not take for a dependency.
    for (const alarm of alarms) if (alarm.node.id === HOST_FAILING) alarm.node.addDependency(rule);
    makeDashboard(this, { name: prefix, place, alarms });
    saveQueries(this, prefix, [logs.worker, logs.reconciler]);
  }
}

const consoleView = (fragment: string): string =>
  `https://${Aws.REGION}.console.aws.amazon.com/cloudwatch/home?region=${Aws.REGION}#${fragment}`;

const placeOf = (props: MonitoringProps, contributorRule: string): Place => ({
  environment: props.name,
  dimensions: {
    queue: { QueueName: props.work.queue.queueName },
    deadLetters: { QueueName: props.work.deadLetters.queueName },
    worker: { FunctionName: props.worker.function.functionName },
    reconciler: { FunctionName: props.reconciler.function.functionName },
    rollout: { FunctionName: props.rollout.function.functionName },
    table: { TableName: props.table.tableName },
    watchIndex: { TableName: props.table.tableName, GlobalSecondaryIndexName: props.table.watchIndexName },
  },
  contributorRule,
});
