import { DescribeAlarmsCommand, type CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import type { Alarms, AlarmState } from "../../core/ports/alarms.ts";

/** What metric alarms and composite alarms have in common. */
interface Described {
  readonly AlarmName?: string | undefined;
  readonly StateValue?: AlarmState["state"] | undefined;
  readonly StateTransitionedTimestamp?: Date | undefined;
  /** Also moves when the state stays the same. It is then too late, so that the rollout only waits longer. */
  readonly StateUpdatedTimestamp?: Date | undefined;
}

/** The states of the metric and composite alarms with these names. */
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
    throw new Error(`CloudWatch has no alarm ${name}, or no state of it. Deploy the stack again to create it.`);
  return { name, state, sinceMs: since.getTime() };
}
