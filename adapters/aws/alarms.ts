import { DescribeAlarmsCommand, type CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import type { Alarms, AlarmState } from "../../core/ports/alarms.ts";

/** What both kinds of alarms have in common. */
interface Described {
  readonly AlarmName?: string | undefined;
  readonly StateValue?: AlarmState["state"] | undefined;
  readonly StateTransitionedTimestamp?: Date | undefined;
  /** Also moved where the state stayed the same: later, so that it errs on the side of waiting. */
  readonly StateUpdatedTimestamp?: Date | undefined;
}

/** Metric and composite alarms by their names. */
export const cloudWatchAlarms = (client: CloudWatchClient, names: readonly string[]): Alarms => ({
  async states() {
    const { CompositeAlarms = [], MetricAlarms = [] } = await client.send(
      new DescribeAlarmsCommand({ AlarmNames: [...names], AlarmTypes: ["CompositeAlarm", "MetricAlarm"] }),
    );
    const described: readonly Described[] = [...CompositeAlarms, ...MetricAlarms];
    return names.map((name) => stateOf(name, described));
  },
});

function stateOf(name: string, described: readonly Described[]): AlarmState {
  const alarm = described.find(({ AlarmName }) => AlarmName === name);
  const state = alarm?.StateValue;
  const since = alarm?.StateTransitionedTimestamp ?? alarm?.StateUpdatedTimestamp;
  if (state === undefined || since === undefined)
    throw new Error(`CloudWatch has no alarm ${name}, or tells no state of it. Deploy the stack again to make it.`);
  return { name, state, sinceMs: since.getTime() };
}
