import { type Command, Option } from "commander";
import { FUNCTION_ROLES, type FunctionRole } from "../../adapters/aws/operators/function-roles.ts";
import { duration } from "../shared/job-options.ts";
import { jobReference, REFERENCE_NOTES, type ReferenceOptions, withOptionalJob } from "../shared/job-reference.ts";
import { stackOption } from "../shared/stack.ts";
import { TYPED } from "../terminal/typed.ts";

export interface TailArguments {
  readonly stack: string;
  /** The stack with the functions. Undefined: it is found by the name of the other one. */
  readonly pipeline: string | undefined;
  /** Undefined: those that work on jobs, and the reconciler. */
  readonly functions: readonly FunctionRole[] | undefined;
  /** How far back it begins. In ms. */
  readonly sinceMs: number;
  readonly follows: boolean;
  /** Only what is said of this job. */
  readonly jobId: string | undefined;
  /** Only this event. */
  readonly event: string | undefined;
  /** Only lines of the log that contain this. */
  readonly text: string | undefined;
  /** Only warnings and errors. */
  readonly onlyTrouble: boolean;
  /** Lines of the log as they are, with those of Lambda. */
  readonly isRaw: boolean;
  readonly json: boolean;
}

interface Options extends ReferenceOptions {
  readonly stack: string;
  readonly pipeline?: string;
  readonly function?: readonly FunctionRole[];
  readonly since: number;
  readonly follow: boolean;
  readonly event?: string;
  readonly text?: string;
  readonly trouble?: boolean;
  readonly raw?: boolean;
  readonly json?: boolean;
}

const MINUTE_MS = 60_000;

const NOTES = `
  ${TYPED} tail --stack fetchonce-prod
  ${TYPED} tail https://example.org/paper.pdf --stack fetchonce-prod --since 1h --no-follow
  ${TYPED} tail --stack fetchonce-prod --trouble

${REFERENCE_NOTES}

It asks CloudWatch every 3 s, and ends with Ctrl-C. Lines that CloudWatch ingests more than 15 s after their time may
be missing while it follows. A job without trouble is told of in one packed line at its end: it is unpacked here.

It needs cloudformation:DescribeStacks, lambda:GetFunctionConfiguration and logs:FilterLogEvents, and it changes nothing.

Exit code: 0 done, 1 failed, 2 wrong usage, 130 ended with Ctrl-C.`;

export function describeTailCommand(command: Command, found: (parsed: TailArguments) => void): void {
  withOptionalJob(command)
    .description("print what the functions of a deployed system log, as they log it")
    .addOption(stackOption().makeOptionMandatory())
    .option("--pipeline <NAME>", "name of the stack with the functions, if it is not found by the other name")
    .addOption(new Option("--function <NAME...>", "of these functions").choices(FUNCTION_ROLES))
    .option("--since <TIME>", "how far back to begin, such as 90s or 2h", duration, MINUTE_MS)
    .option("--no-follow", "print what there is, and end")
    .option("--event <NAME>", "only this event, such as job_leased")
    .option("--text <TEXT>", "only lines of the log that contain this text")
    .option("--trouble", "only warnings and errors")
    .addOption(
      new Option("--raw", "each line of the log as it is, also what Lambda writes of each invocation").conflicts([
        "event",
        "trouble",
        "json",
      ]),
    )
    .option("--json", "as JSON lines, for programs")
    .addHelpText("after", NOTES)
    .allowExcessArguments(false)
    .action((job: string | undefined, options: Options) => {
      const { event, follow, json = false, pipeline, raw = false, since, stack, text, trouble = false } = options;
      found({
        stack,
        pipeline,
        functions: options.function,
        sinceMs: since,
        follows: follow,
        jobId: job === undefined ? undefined : jobReference(job, options).jobId,
        event,
        text,
        onlyTrouble: trouble,
        isRaw: raw,
        json,
      });
    });
}
