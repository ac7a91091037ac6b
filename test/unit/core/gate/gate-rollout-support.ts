import { readGate } from "../../../../core/gate/change-gate.ts";
import { commandGate } from "../../../../core/gate/command-gate.ts";
import { controlGateRollout, type GateRolloutDeps } from "../../../../core/gate/control-gate-rollout.ts";
import type { GateDocument } from "../../../../core/gate/gate-document.ts";
import type { AlarmState } from "../../../../core/ports/alarms.ts";
import type { GateCommand } from "../../../../core/gate/gate-rollout.ts";
import { simulatedItems } from "../../../simulation/services/items.ts";
import { simulatedClock } from "../../../simulation/world.ts";

export const MINUTE_MS = 60_000;
export const BAKE_MS = 60 * MINUTE_MS;
export const BLIND_MS = 15 * MINUTE_MS;
export const OPERATOR = { by: "somebody", reason: "a test" };
export const ALARM = "fetchonce-test-slo-burning";

/** A simulated table, one simulated alarm, and a rollout controller that uses both. */
export function rollout() {
  const clock = simulatedClock();
  const items = simulatedItems();
  const logs: string[] = [];
  let alarm: AlarmState = { name: ALARM, state: "OK", sinceMs: 0 };
  let isReadable = true;
  let looks = 0;
  const deps: GateRolloutDeps = {
    clock,
    items,
    alarms: {
      states: async () => {
        looks += 1;
        if (!isReadable) throw new Error("AccessDenied");
        return [alarm];
      },
    },
    telemetry: {
      emit: () => undefined,
      flush: () => undefined,
      invocationStarted: () => undefined,
      log: (level, text, fields) => void logs.push(`${level}: ${text} ${JSON.stringify(fields)}`),
    },
    settings: { bakeMs: BAKE_MS, blindMs: BLIND_MS },
  };
  const gate = async (): Promise<GateDocument | undefined> => readGate(items);
  return {
    clock,
    items,
    logs,
    deps,
    gate,
    looks: () => looks,
    status: async () => {
      const seen = await gate();
      return seen && `${seen.phase} ${seen.percent}`;
    },
    alarmIs: (state: AlarmState["state"]) => {
      if (alarm.state !== state) alarm = { name: ALARM, state, sinceMs: clock.nowMs() };
    },
    alarmsAreReadable: (are: boolean) => (isReadable = are),
    command: async (kind: Exclude<GateCommand["kind"], "set">) => commandGate({ clock, items }, { kind }, OPERATOR),
    poll: async () => controlGateRollout(deps),
    /** Polls once a minute for `ms` milliseconds. */
    async pollFor(ms: number) {
      for (let passedMs = 0; passedMs < ms; passedMs += MINUTE_MS) {
        await clock.advance(MINUTE_MS);
        await controlGateRollout(deps);
      }
    },
  };
}

/** A rollout at its first step, with the bake begun: the first poll that sees a step begins its bake. */
export async function startedRollout() {
  const r = rollout();
  await r.command("off");
  await r.command("start");
  await r.poll();
  return r;
}
