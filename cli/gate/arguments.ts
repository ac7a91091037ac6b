import { type Command, InvalidArgumentError } from "commander";
import type { GateCommand } from "../../core/gate/gate-rollout.ts";
import { ABOUT_PLACE, named, onDeployment, reasoned, WHAT_CODES_MEAN } from "../shared/document-command.ts";
import { type Place, placeOf } from "../shared/stack.ts";

export interface GateArguments {
  readonly place: Place;
  readonly json: boolean;
  /** Undefined: only show the status. */
  readonly change: { readonly command: GateCommand; readonly by: string; readonly reason: string } | undefined;
}

const NOTES = `
${ABOUT_PLACE}

off applies to every job that begins at least 30 s later, and ends a rollout. Jobs that have a record still finish
on the exactly-once path.
start begins a rollout at the gate's current percentage. The stack's rollout controller takes each step, and goes back
by itself when an alarm fires.

${WHAT_CODES_MEAN}`;

interface Signed {
  readonly json?: boolean;
  readonly stack?: string;
  readonly table?: string;
  readonly by: string;
  readonly reason: string;
}

export function describeGateCommand(program: Command, found: (parsed: GateArguments) => void): void {
  program
    .description("show or change the percentage of jobs that take the exactly-once path")
    .addHelpText("after", NOTES);
  const subcommand = (name: string, description: string): Command =>
    onDeployment(program, name, description).option("--json", "as JSON, for programs");
  const signed = (name: string, description: string): Command =>
    subcommand(name, description)
      .requiredOption("--by <WHO>", "your name, for the history", named)
      .requiredOption("--reason <TEXT>", "the reason, for the history", reasoned);
  const changing =
    (command: GateCommand) =>
    ({ by, json = false, reason, ...where }: Signed): void =>
      found({ place: placeOf(where), json, change: { command, by, reason } });

  subcommand("status", "show the gate and its history").action(({ json = false, ...where }: Signed) =>
    found({ place: placeOf(where), json, change: undefined }),
  );
  signed("start", "begin a rollout in steps of 5, 25, 50 and 100 %").action(changing({ kind: "start" }));
  signed("off", "set 0 % at once; ends a rollout").action(changing({ kind: "off" }));
  signed("pause", "hold the rollout at its step; an alarm still takes it back").action(changing({ kind: "pause" }));
  signed("resume", "continue a paused rollout; its step bakes again from the start").action(
    changing({ kind: "resume" }),
  );
  signed("set", "set this percentage at once; ends a rollout, so no alarm takes it back")
    .argument("<PERCENT>", "from 0 to 100", percentage)
    .action((percent: number, options: Signed) => changing({ kind: "set", percent })(options));
}

function percentage(text: string): number {
  const percent = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && percent <= 100) return percent;
  throw new InvalidArgumentError("It must be a percentage from 0 to 100.");
}
