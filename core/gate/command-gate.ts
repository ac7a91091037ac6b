import type { DocumentDeps } from "../document/change-document.ts";
import { changeGateBy } from "./change-gate.ts";
import type { GateDocument } from "./gate-document.ts";
import { commandedChange, type GateCommand } from "./gate-rollout.ts";

export interface Author {
  readonly by: string;
  readonly reason: string;
}

/**
 * Carries out an operator's command.
 * @throws RefusalError when the gate's phase does not allow the command, DocumentBusyError when others keep changing
 *   it.
 */
export async function commandGate(
  deps: DocumentDeps,
  command: GateCommand,
  { by, reason }: Author,
): Promise<GateDocument | undefined> {
  const { document } = await changeGateBy(deps, by, (seen) => commandedChange(seen, command, reason));
  return document;
}
