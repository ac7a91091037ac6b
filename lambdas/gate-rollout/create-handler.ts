import * as z from "zod/mini";
import { controlGateRollout, type GateRolloutDeps } from "../../core/gate/control-gate-rollout.ts";
import type { GatePhase } from "../../core/gate/gate-document.ts";
import { invoke, type Invocation } from "../invocation.ts";

/** EventBridge's event for an alarm that went into ALARM. The schedule's event does not match. */
const alarmEvent = z.object({
  "detail-type": z.literal("CloudWatch Alarm State Change"),
  detail: z.object({ alarmName: z.string(), state: z.object({ value: z.literal("ALARM") }) }),
});

interface RolloutReport {
  readonly percent: number | undefined;
  readonly phase: GatePhase | undefined;
}

export const createHandler =
  (deps: GateRolloutDeps) =>
  async (event: unknown, invocation: Invocation): Promise<RolloutReport> =>
    invoke(deps.telemetry, invocation, async () => {
      const gate = await controlGateRollout(deps, alarmEvent.safeParse(event).data?.detail.alarmName);
      return { percent: gate?.percent, phase: gate?.phase };
    });
