import type { Writable } from "node:stream";
import { GateBusyError, readGate, type GateDeps } from "../../core/gate/change-gate.ts";
import { commandGate } from "../../core/gate/command-gate.ts";
import { GateRefusal } from "../../core/gate/gate-rollout.ts";
import { EXIT } from "../terminal/exit.ts";
import { parseGateArguments } from "./arguments.ts";
import { describeGate } from "./status.ts";
import { UsageError } from "../terminal/usage-error.ts";

export interface GateSurroundings {
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** Opens the table of that name with the caller's own permissions. */
  readonly gateOf: (table: string) => GateDeps;
}

/** @returns the exit code. */
export async function runGate(argv: readonly string[], surroundings: GateSurroundings): Promise<number> {
  const { stdout, stderr, gateOf } = surroundings;
  try {
    const parsed = parseGateArguments(argv);
    if (typeof parsed === "string") {
      stdout.write(`${parsed}\n`);
      return EXIT.done;
    }
    const { table, change } = parsed;
    const deps = gateOf(table);
    const gate = await toldBy(table, async () =>
      change ? commandGate(deps, change.command, change) : readGate(deps.items),
    );
    stdout.write(`${describeGate(gate).join("\n")}\n`);
    return EXIT.done;
  } catch (error) {
    stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return error instanceof UsageError || error instanceof GateRefusal ? EXIT.wrongUsage : EXIT.failed;
  }
}

/** Adds the table's name to errors of AWS or the network, which do not contain it. */
async function toldBy<T>(table: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof GateRefusal || error instanceof GateBusyError || error instanceof TypeError) throw error;
    throw new Error(
      `The gate in the table ${table} cannot be reached: ${String(error)}. ` +
        "Check the table's name (the stack's output TableName), the region and the credentials. Then check the gate's status.",
      { cause: error },
    );
  }
}
