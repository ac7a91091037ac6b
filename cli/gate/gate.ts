import type { DocumentDeps } from "../../core/document/change-document.ts";
import { readGate } from "../../core/gate/change-gate.ts";
import { commandGate } from "../../core/gate/command-gate.ts";
import { toldBy } from "../shared/told-by.ts";
import { type AddressesOf, tableAt } from "../shared/stack.ts";
import type { GateArguments } from "./arguments.ts";
import { describeGate } from "./status.ts";

export interface GateDeps {
  readonly addressesOf: AddressesOf;
  /** Opens the table of that name with the caller's own permissions. */
  readonly tableOf: (table: string) => DocumentDeps;
}

/** @returns the gate, perhaps after a change, for people or as JSON. */
export async function gate({ change, json, place }: GateArguments, deps: GateDeps): Promise<string> {
  const table = await tableAt(place, deps.addressesOf);
  const opened = deps.tableOf(table);
  const document = await toldBy({ called: "The gate", table }, async () =>
    change ? commandGate(opened, change.command, change) : readGate(opened.items),
  );
  return json ? JSON.stringify(document ?? null, null, 2) : describeGate(document).join("\n");
}
