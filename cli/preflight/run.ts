import type { Writable } from "node:stream";
import type { Account } from "../../adapters/aws/account.ts";
import { environmentNameOf, ENVIRONMENTS } from "../../infra/environments/environments.ts";
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
    const parsed = parseCommand<{ context: string }>(
      argv,
      { name: "preflight", typed: "npm run preflight --" },
      (program, found) =>
        program
          .description("Says what to ask for and to set before the first deployment of an environment.")
          .option("-c, --context <env=NAME>", "the environment, as for cdk deploy", "env=dev")
          .addHelpText("after", HELP)
          .action(found),
    );
    if (typeof parsed === "string") {
      stdout.write(`${parsed}\n`);
      return EXIT.done;
    }
    const name = environmentNameOf(/^env=(.*)$/.exec(parsed.context)?.[1] ?? parsed.context);
    const findings = await findingsOf(ENVIRONMENTS[name], connect());
    for (const { kind, text } of findings) stdout.write(`${MARKS[kind]}  ${text}\n`);
    return findings.some(({ kind }) => kind === "todo") ? EXIT.failed : EXIT.done;
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof RangeError)) throw error;
    stderr.write(`${error.message}\n`);
    return EXIT.wrongUsage;
  }
}
