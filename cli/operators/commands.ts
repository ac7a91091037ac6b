import type { Command } from "commander";
import { describeGateCommand, type GateArguments } from "../gate/arguments.ts";
import { describeHostsCommand, type HostsArguments } from "../hosts/arguments.ts";
import { describeRedriveCommand, type RedriveArguments } from "../redrive/arguments.ts";

/** What an operator asks for. */
export type OperatorsCommand =
  | { readonly command: "gate"; readonly args: GateArguments }
  | { readonly command: "hosts"; readonly args: HostsArguments }
  | { readonly command: "redrive"; readonly args: RedriveArguments };

/** Adds the commands for a deployed system. Nothing here loads the SDK, since every start reads it. */
export function describeOperators(program: Command, found: (parsed: OperatorsCommand) => void): void {
  describeGateCommand(program.command("gate"), (args) => found({ command: "gate", args }));
  describeHostsCommand(program.command("hosts"), (args) => found({ command: "hosts", args }));
  describeRedriveCommand(program.command("redrive"), (args) => found({ command: "redrive", args }));
}
