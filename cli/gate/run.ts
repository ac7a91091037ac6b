import type { Writable } from "node:stream";
import { RefusalError, type DocumentDeps } from "../../core/document/change-document.ts";
import { readGate } from "../../core/gate/change-gate.ts";
import { commandGate } from "../../core/gate/command-gate.ts";
import { toldBy } from "../shared/document-command.ts";
import { type AddressesOf, tableAt } from "../shared/stack.ts";
import { EXIT } from "../terminal/exit.ts";
import { parseGateArguments } from "./arguments.ts";
import { describeGate } from "./status.ts";
import { UsageError } from "../terminal/usage-error.ts";

export interface GateSurroundings {
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly addressesOf: AddressesOf;
  /** Opens the table of that name with the caller's own permissions. */
  readonly gateOf: (table: string) => DocumentDeps;
}

/** @returns the exit code. */
export async function runGate(argv: readonly string[], surroundings: GateSurroundings): Promise<number> {
  const { addressesOf, stdout, stderr, gateOf } = surroundings;
  try {
    const parsed = parseGateArguments(argv);
    if (typeof parsed === "string") {
      stdout.write(`${parsed}\n`);
      return EXIT.done;
    }
    const { place, change } = parsed;
    const table = await tableAt(place, addressesOf);
    const deps = gateOf(table);
    const gate = await toldBy({ called: "The gate", table }, async () =>
      change ? commandGate(deps, change.command, change) : readGate(deps.items),
    );
    stdout.write(`${describeGate(gate).join("\n")}\n`);
    return EXIT.done;
  } catch (error) {
    stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return error instanceof UsageError || error instanceof RefusalError ? EXIT.wrongUsage : EXIT.failed;
  }
}
