import type { DocumentDeps } from "../document/change-document.ts";
import { changeGateBy, readGate } from "./change-gate.ts";
import { GATE_KEY, type GateChange, type GateDocument } from "./gate-document.ts";
import { noteLook } from "./gate-protocol.ts";
import type { Alarms } from "../ports/alarms.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { isRollingOut, lookAt, gateRolloutChange, type Look, type GateRolloutSettings } from "./gate-rollout.ts";

export interface GateRolloutDeps extends DocumentDeps {
  readonly alarms: Alarms;
  readonly telemetry: Telemetry;
  readonly settings: GateRolloutSettings;
}

/** How the controller signs its changes. */
export const CONTROLLER = "rollout controller";

/**
 * Looks at the alarms once and changes the gate if necessary. Safe to repeat, to kill at any point and to run twice at
 * once.
 * @param burning an alarm that is known to have gone into ALARM. It counts even if it has returned to OK since.
 */
export async function controlGateRollout(deps: GateRolloutDeps, burning?: string): Promise<GateDocument | undefined> {
  const before = await readGate(deps.items);
  if (!before || !isRollingOut(before)) return before;
  const look: Look = burning === undefined ? await readAlarms(deps) : { kind: "burning", alarm: burning };
  const { document: gate, change } = await changeGateBy(
    deps,
    CONTROLLER,
    (seen) => seen && gateRolloutChange(seen, look, deps.clock.nowMs(), deps.settings),
  );
  if (change) logChange(deps, change);
  else if (gate && isRollingOut(gate)) await remember(deps, gate, look);
  return gate;
}

async function readAlarms({ alarms }: GateRolloutDeps): Promise<Look> {
  try {
    return lookAt(await alarms.states());
  } catch (error) {
    return { kind: "unreadable", reason: String(error) };
  }
}

/** The write is refused if the gate has changed in the meantime: then there is nothing to remember. */
async function remember(
  { clock, items, settings, telemetry }: GateRolloutDeps,
  gate: GateDocument,
  look: Look,
): Promise<void> {
  const isReadable = look.kind !== "unreadable";
  if (look.kind === "unreadable")
    telemetry.log("error", "The rollout holds: its alarms cannot be read. Fix that, or it goes back.", {
      percent: gate.percent,
      reason: look.reason,
      goes_back_after_ms: settings.blindMs,
    });
  if (look.kind === "undecided")
    telemetry.log("warn", "The rollout holds: an alarm has too little data.", {
      percent: gate.percent,
      alarm: look.alarm,
    });
  const write = noteLook(gate, isReadable, clock.nowMs());
  if (write) await items.write(write);
}

function logChange({ telemetry }: GateRolloutDeps, { version, from, to, phase, by, reason }: GateChange): void {
  const level = phase === "rolled_back" ? "error" : "info";
  telemetry.log(level, "The gate was changed.", {
    item: GATE_KEY,
    version,
    from: from ?? "none",
    to,
    phase,
    by,
    reason,
  });
}
