import { InvalidArgumentError, type Command } from "commander";
import { pattern as patternSchema } from "../../core/flow/host-limits.ts";
import type { Limits, PlannedRule } from "../../core/flow/host-rules-document.ts";
import { ABOUT_PLACE, named, onDeployment, reasoned, WHAT_CODES_MEAN } from "../shared/document-command.ts";
import { limitsIn } from "../shared/host-limit.ts";
import { hostOf } from "../shared/job-options.ts";
import { type Place, placeOf } from "../shared/stack.ts";
import { describeTop, type TopArguments } from "./top-arguments.ts";

export type HostsArguments =
  | TopArguments
  | { readonly kind: "status"; readonly place: Place; readonly json: boolean }
  | { readonly kind: "show"; readonly place: Place; readonly host: string; readonly json: boolean }
  | {
      readonly kind: "change";
      readonly place: Place;
      readonly json: boolean;
      readonly planned: PlannedRule;
      /** Undefined: the user of this machine. */
      readonly by: string | undefined;
    };

const NOTES = `
PATTERN is a host (example.org), all hosts of a domain (*.example.org, without example.org itself), or *.
LIMIT is 4 (connections at a time), 2/s (requests a second), both (4,2/s), or unlimited. All workers together keep it.

An operator's rule comes before all rules of the environment (hostLimits), whatever their patterns. Of several of the
operators' that fit a host, the most exact pattern decides. A change counts within 15 s while the table answers, and
within 30 s at worst: after that, a worker that cannot read the rules begins nothing. What is under way goes on. The
slowest pace is one request an hour, 0.0003/s.

${ABOUT_PLACE}

${WHAT_CODES_MEAN}`;

interface Options {
  readonly stack?: string;
  readonly table?: string;
  readonly json?: boolean;
}

interface Signed extends Options {
  readonly by?: string;
  readonly reason: string;
}

export function describeHostsCommand(program: Command, found: (parsed: HostsArguments) => void): void {
  program
    .description("show or change how much of a host all workers together may use, without a deployment")
    .addHelpText("after", NOTES);
  const subcommand = (name: string, description: string): Command =>
    onDeployment(program, name, description).option("--json", "as JSON, for programs");
  const signed = (name: string, description: string): Command =>
    subcommand(name, description)
      .option("--by <WHO>", "your name, for the history (default: this machine's user)", named)
      .requiredOption("--reason <TEXT>", "the reason, for the history", reasoned);
  const change = (pattern: string, limits: Limits | undefined, { by, json = false, reason, ...where }: Signed): void =>
    found({ kind: "change", place: placeOf(where), json, planned: { pattern, limits, reason }, by });

  subcommand("status", "show the operators' rules and their history").action(({ json = false, ...where }: Options) =>
    found({ kind: "status", place: placeOf(where), json }),
  );
  subcommand("show", "show how a host is used at the moment")
    .argument("<HOST>", "a host, with its port unless it is the usual one", hostOf)
    .action((host: string, { json = false, ...where }: Options) =>
      found({ kind: "show", place: placeOf(where), host, json }),
    );
  describeTop(program, found);
  signed("set", "set the limit of a host or of a pattern")
    .argument("<PATTERN>", "a host, *.DOMAIN, or *", patternOf)
    .argument("<LIMIT>", "4, 2/s, 4,2/s or unlimited", limitOf)
    .action((pattern: string, limits: Limits, options: Signed) => change(pattern, limits, options));
  signed("unset", "remove an operator's rule: the others and the environment's decide again")
    .argument("<PATTERN>", "as it was set", patternOf)
    .action((pattern: string, options: Signed) => change(pattern, undefined, options));
}

function patternOf(text: string): string {
  const pattern = text.toLowerCase();
  if (patternSchema.safeParse(pattern).success) return pattern;
  throw new InvalidArgumentError("It must be a host like example.org, or *.example.org, or *.");
}

function limitOf(text: string): Limits {
  const limits = limitsIn(text.trim());
  if (limits !== undefined) return limits;
  throw new InvalidArgumentError("It must be like 4, 2/s, 4,2/s, or unlimited; the slowest is 0.0003/s.");
}
