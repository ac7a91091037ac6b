import type { Command } from "commander";
import { type BatchArguments, describeBatchCommand } from "../batch/arguments.ts";
import { describeCancelCommand } from "../cancel/arguments.ts";
import { describeGateCommand, type GateArguments } from "../gate/arguments.ts";
import { describeHostsCommand, type HostsArguments } from "../hosts/arguments.ts";
import { describeJobsCommand, type JobsArguments } from "../jobs/arguments.ts";
import { describeOpenCommand, type OpenArguments } from "../open/arguments.ts";
import { describePriorityCommand } from "../priority/arguments.ts";
import { describeRedriveCommand, type RedriveArguments } from "../redrive/arguments.ts";
import type { Selection } from "../shared/selection.ts";
import { describeStatusCommand, type StatusArguments } from "../status/arguments.ts";
import { describeTailCommand, type TailArguments } from "../tail/arguments.ts";
import { describeTimelineCommand, type TimelineArguments } from "../timeline/arguments.ts";
import { describeVerifyCommand, type VerifyArguments } from "../verify/arguments.ts";

/** What an operator asks for. */
export type OperatorsCommand =
  | { readonly command: "status"; readonly args: StatusArguments }
  | { readonly command: "jobs"; readonly args: JobsArguments }
  | { readonly command: "batch"; readonly args: BatchArguments }
  | { readonly command: "cancel"; readonly args: Selection }
  | { readonly command: "priority"; readonly args: Selection }
  | { readonly command: "timeline"; readonly args: TimelineArguments }
  | { readonly command: "tail"; readonly args: TailArguments }
  | { readonly command: "open"; readonly args: OpenArguments }
  | { readonly command: "verify"; readonly args: VerifyArguments }
  | { readonly command: "gate"; readonly args: GateArguments }
  | { readonly command: "hosts"; readonly args: HostsArguments }
  | { readonly command: "redrive"; readonly args: RedriveArguments };

/** Adds the commands for a deployed system. Nothing here loads the SDK, since every start reads it. */
export function describeOperators(program: Command, found: (parsed: OperatorsCommand) => void): void {
  describeStatusCommand(program.command("status"), (args) => found({ command: "status", args }));
  describeJobsCommand(program.command("jobs"), (args) => found({ command: "jobs", args }));
  describeBatchCommand(program.command("batch"), (args) => found({ command: "batch", args }));
  describeCancelCommand(program.command("cancel"), (args) => found({ command: "cancel", args }));
  describePriorityCommand(program.command("priority"), (args) => found({ command: "priority", args }));
  describeTimelineCommand(program.command("timeline"), (args) => found({ command: "timeline", args }));
  describeTailCommand(program.command("tail"), (args) => found({ command: "tail", args }));
  describeOpenCommand(program.command("open"), (args) => found({ command: "open", args }));
  describeVerifyCommand(program.command("verify"), (args) => found({ command: "verify", args }));
  describeGateCommand(program.command("gate"), (args) => found({ command: "gate", args }));
  describeHostsCommand(program.command("hosts"), (args) => found({ command: "hosts", args }));
  describeRedriveCommand(program.command("redrive"), (args) => found({ command: "redrive", args }));
}
