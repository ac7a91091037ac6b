import {
  Alarm as MetricAlarm,
  AlarmRule,
  AlarmState,
  ComparisonOperator,
  CompositeAlarm,
  type IAlarm,
  type IAlarmAction,
  TreatMissingData,
} from "aws-cdk-lib/aws-cloudwatch";
import type { Construct } from "constructs";
import { type Alarm, type Condition, pagesForSlo, SLO_BURNING } from "../catalogue/alarm.ts";
import { type Place, seriesOf } from "./metrics.ts";

export interface AlarmsProps {
  readonly place: Place;
  /** By severity. Undefined if nobody is notified. */
  readonly actions: Readonly<Record<Alarm["severity"], IAlarmAction>> | undefined;
  readonly runbookBaseUrl: string;
  /** Console URLs by name. Every alarm's text links to them. */
  readonly views: Readonly<Record<string, string>>;
}

const COMPARISONS = {
  ">=": ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
  "<": ComparisonOperator.LESS_THAN_THRESHOLD,
} as const;

const MISSING = { breaching: TreatMissingData.BREACHING, notBreaching: TreatMissingData.NOT_BREACHING } as const;

const runbookLink = (baseUrl: string, { runbook, id }: Pick<Alarm, "runbook" | "id">): string =>
  `${baseUrl}/${runbook}.md#${id}`;

/** The text that somebody reads at night on a phone. CloudWatch keeps at most 1,024 characters. */
const textOf = (alarm: Alarm, { runbookBaseUrl, views }: AlarmsProps): string =>
  [
    `What happened: ${alarm.happened}`,
    `What users feel: ${alarm.felt}`,
    `Runbook: ${runbookLink(runbookBaseUrl, alarm)}`,
    ...Object.entries(views).map(([name, url]) => `${name}: ${url}`),
  ].join("\n");

function metricAlarm(
  scope: Construct,
  id: string,
  condition: Condition,
  props: AlarmsProps,
  text: string,
): MetricAlarm {
  return new MetricAlarm(scope, id, {
    alarmName: `${props.place.prefix}-${id}`,
    alarmDescription: text,
    metric: seriesOf(props.place, condition),
    evaluationPeriods: condition.periods,
    datapointsToAlarm: condition.periods,
    comparisonOperator: COMPARISONS[condition.comparison],
    threshold: condition.threshold,
    treatMissingData: MISSING[condition.missing],
    actionsEnabled: props.actions !== undefined,
  });
}

function oneAlarm(
  scope: Construct,
  alarm: Alarm,
  props: AlarmsProps,
  saidBy: IAlarm | undefined,
): MetricAlarm | CompositeAlarm {
  const text = textOf(alarm, props);
  const [long, short] = alarm.conditions;
  if (!short) return metricAlarm(scope, alarm.id, long, props, text);
  const halves = [
    metricAlarm(
      scope,
      `${alarm.id}-long`,
      long,
      props,
      `Half of ${props.place.prefix}-${alarm.id}: the long window. It happened.`,
    ),
    metricAlarm(
      scope,
      `${alarm.id}-short`,
      short,
      props,
      `Half of ${props.place.prefix}-${alarm.id}: the short window. It still happens.`,
    ),
  ];
  return new CompositeAlarm(scope, alarm.id, {
    compositeAlarmName: `${props.place.prefix}-${alarm.id}`,
    alarmDescription: text,
    alarmRule: AlarmRule.allOf(...halves.map((half) => AlarmRule.fromAlarm(half, AlarmState.ALARM))),
    actionsEnabled: props.actions !== undefined,
    ...(saidBy && { actionsSuppressor: saidBy }),
  });
}

/**
 * Makes the composite that is in ALARM while any alarm that pages for an objective is in ALARM. It takes a rollout of
 * the gate back. It notifies nobody, since the alarms that it combines do.
 * @param made the alarms made from `alarms`, in the same order.
 */
export function watchObjectives(
  scope: Construct,
  alarms: readonly Alarm[],
  made: readonly IAlarm[],
  props: AlarmsProps,
): CompositeAlarm {
  const paging = made.filter((_, index) => alarms[index] && pagesForSlo(alarms[index]));
  return new CompositeAlarm(scope, SLO_BURNING, {
    compositeAlarmName: `${props.place.prefix}-${SLO_BURNING}`,
    alarmDescription:
      "Any of the alarms that page for an objective is in ALARM. This takes a rollout of the gate back.",
    alarmRule: AlarmRule.anyOf(...paging.map((alarm) => AlarmRule.fromAlarm(alarm, AlarmState.ALARM))),
    actionsEnabled: props.actions !== undefined,
  });
}

/** @returns the alarms that notify somebody, in the catalogue's order. */
export function makeAlarms(scope: Construct, alarms: readonly Alarm[], props: AlarmsProps): readonly IAlarm[] {
  const made = new Map<string, IAlarm>();
  // What says all that another could is made first.
  for (const alarm of alarms.toSorted(
    (one, other) => Number(one.saidBy !== undefined) - Number(other.saidBy !== undefined),
  )) {
    const its = oneAlarm(scope, alarm, props, alarm.saidBy === undefined ? undefined : made.get(alarm.saidBy));
    const action = props.actions?.[alarm.severity];
    if (action) {
      its.addAlarmAction(action);
      // The person who was woken also learns when it is over.
      its.addOkAction(action);
    }
    made.set(alarm.id, its);
  }
  return alarms.flatMap(({ id }) => made.get(id) ?? []);
}
