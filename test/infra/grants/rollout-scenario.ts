/** A rollout of the gate during which an alarm fires in the first step. */
import { systemClock } from "../../../adapters/node/clock.ts";
import { changeGateBy, readGate } from "../../../core/gate/change-gate.ts";
import type { Items } from "../../../core/ports/items.ts";
import { commandedChange, type GateCommand } from "../../../core/gate/gate-rollout.ts";
import type { Stage } from "./stage.ts";

/** @returns the phase of the gate afterwards. */
export async function playRollout(stage: Stage, items: Items, remainingMs: number): Promise<string | undefined> {
  const command = async (one: GateCommand): Promise<unknown> =>
    changeGateBy({ clock: systemClock, items }, "grants", (gate) => commandedChange(gate, one, "to see it roll back"));
  await command({ kind: "off" });
  await command({ kind: "start" });
  const rollout = await stage.load(stage.output("RolloutFunctionName"), {}, remainingMs);
  await rollout.invoke({});
  return (await readGate(items))?.phase;
}
