import type { Writable } from "node:stream";
import type { Account } from "../../adapters/aws/account.ts";
import { environmentNamed } from "../../infra/environments/environments.ts";
import { readEnvironments } from "../../infra/environments/own-environments.ts";
import { EXIT } from "../terminal/exit.ts";
import { parseCommand } from "../terminal/parse-command.ts";
import { UsageError } from "../terminal/usage-error.ts";
import { type Finding, findingsOf } from "./findings.ts";

export interface PreflightSurroundings {
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly connect: () => Account;
}

const MARKS: Readonly<Record<Finding["kind"], string>> = { ok: "ok     ", todo: "TO DO  ", unknown: "unknown" };

const HELP = `
It reads two things of AWS, with the caller's own credentials: Lambda's account settings and a parameter of SSM.
AWS_REGION, AWS_PROFILE and AWS_ENDPOINT_URL apply. It changes nothing.

Exit code: 0 nothing is to do, 1 something is, 2 wrong usage. What could not be looked at does not count.`;

/** @returns the exit code. */
export async function runPreflight(argv: readonly string[], { stdout, stderr, connect }: PreflightSurroundings) {
  try {
    const parsed = parseCommand<{ context: readonly string[] }>(
      argv,
      { name: "preflight", typed: "npm run preflight --" },
      (program, found) =>
        program
          .description("Says what to ask for and to set before the first deployment of an environment.")
          .option("-c, --context <KEY=VALUE>", "env=NAME and environments=FILE, as for cdk deploy", collected, [])
          .addHelpText("after", HELP)
          .action(found),
    );
    if (typeof parsed === "string") {
      stdout.write(`${parsed}\n`);
      return EXIT.done;
    }
    const { env, environments } = contextOf(parsed.context);
    const own = environments === undefined ? {} : await readEnvironments(environments);
    const findings = await findingsOf(environmentNamed(env, own).environment, connect());
    for (const { kind, text } of findings) stdout.write(`${MARKS[kind]}  ${text}\n`);
    return findings.some(({ kind }) => kind === "todo") ? EXIT.failed : EXIT.done;
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof RangeError)) throw error;
    stderr.write(`${error.message}\n`);
    return EXIT.wrongUsage;
  }
}

const collected = (value: string, before: readonly string[]): readonly string[] => [...before, value];

/** @throws UsageError if one is not of the form KEY=VALUE. */
function contextOf(written: readonly string[]): Readonly<Partial<Record<"env" | "environments", string>>> {
  const context: Record<string, string> = {};
  for (const each of written) {
    const [, key, value] = /^(env|environments)=(.+)$/.exec(each) ?? [];
    if (key === undefined || value === undefined)
      throw new UsageError(`-c ${each} says nothing here. Write -c env=NAME, or -c environments=FILE.`);
    context[key] = value;
  }
  return context;
}
