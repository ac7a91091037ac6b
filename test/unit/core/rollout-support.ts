import { readGate } from "../../../core/change-gate.ts";
import { commandGate } from "../../../core/command-gate.ts";
import { controlRollout, type RolloutDeps } from "../../../core/control-rollout.ts";
import type { GateDocument } from "../../../core/gate-document.ts";
import type { AlarmState } from "../../../core/ports.ts";
import type { GateCommand } from "../../../core/rollout.ts";
import { simulatedItems } from "../../simulation/items.ts";
import { simulatedClock } from "../../simulation/world.ts";

export const MINUTE_MS = 60_000;
export const BAKE_MS = 60 * MINUTE_MS;
export const BLIND_MS = 15 * MINUTE_MS;
export const OPERATOR = { by: "somebody", reason: "a test" };
export const ALARM = "fetchonce-test-slo-burning";

/** A table, alarms and a controller over them. */
export function rollout() {
  const clock = simulatedClock();
  const items = simulatedItems();
  const logs: string[] = [];
  let alarm: AlarmState = { name: ALARM, state: "OK", sinceMs: 0 };
  let isReadable = true;
  let looks = 0;
  const deps: RolloutDeps = {
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
    poll: async () => controlRollout(deps),
    /** A poll a minute for so long. */
    async pollFor(ms: number) {
      for (let passedMs = 0; passedMs < ms; passedMs += MINUTE_MS) {
        await clock.advance(MINUTE_MS);
        await controlRollout(deps);
      }
    },
  };
}

/** The first look at a step begins its bake. */
export async function startedRollout() {
  const r = rollout();
  await r.command("off");
  await r.command("start");
  await r.poll();
  return r;
}
