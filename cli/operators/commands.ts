import type { Command } from "commander";
import { describeGateCommand, type GateArguments } from "../gate/arguments.ts";
import { describeHostsCommand, type HostsArguments } from "../hosts/arguments.ts";
import { describeJobsCommand, type JobsArguments } from "../jobs/arguments.ts";
import { describeRedriveCommand, type RedriveArguments } from "../redrive/arguments.ts";
import { describeStatusCommand, type StatusArguments } from "../status/arguments.ts";
import { describeTimelineCommand, type TimelineArguments } from "../timeline/arguments.ts";

/** What an operator asks for. */
export type OperatorsCommand =
  | { readonly command: "status"; readonly args: StatusArguments }
  | { readonly command: "jobs"; readonly args: JobsArguments }
  | { readonly command: "timeline"; readonly args: TimelineArguments }
  | { readonly command: "gate"; readonly args: GateArguments }
  | { readonly command: "hosts"; readonly args: HostsArguments }
  | { readonly command: "redrive"; readonly args: RedriveArguments };

/** Adds the commands for a deployed system. Nothing here loads the SDK, since every start reads it. */
export function describeOperators(program: Command, found: (parsed: OperatorsCommand) => void): void {
  describeStatusCommand(program.command("status"), (args) => found({ command: "status", args }));
  describeJobsCommand(program.command("jobs"), (args) => found({ command: "jobs", args }));
  describeTimelineCommand(program.command("timeline"), (args) => found({ command: "timeline", args }));
  describeGateCommand(program.command("gate"), (args) => found({ command: "gate", args }));
  describeHostsCommand(program.command("hosts"), (args) => found({ command: "hosts", args }));
  describeRedriveCommand(program.command("redrive"), (args) => found({ command: "redrive", args }));
}
