import { changeGateBy, type GateDeps } from "./change-gate.ts";
import type { GateDocument } from "./gate-document.ts";
import { commandedChange, type GateCommand } from "./gate-rollout.ts";

export interface Author {
  readonly by: string;
  readonly reason: string;
}

/**
 * Carries out an operator's command.
 * @throws GateRefusal when the gate's phase does not allow the command; GateBusyError when others keep changing it.
 */
export async function commandGate(
  deps: GateDeps,
  command: GateCommand,
  { by, reason }: Author,
): Promise<GateDocument | undefined> {
  const { gate } = await changeGateBy(deps, by, (seen) => commandedChange(seen, command, reason));
  return gate;
}
