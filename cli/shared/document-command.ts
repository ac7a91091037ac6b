/** What the commands have in common that change a document in the jobs table. */
import { type Command, InvalidArgumentError } from "commander";
import { DocumentBusyError, RefusalError } from "../../core/document/change-document.ts";
import { stackOption } from "./stack.ts";

const LONGEST_NAME = 64;
const LONGEST_REASON = 200;

export const ABOUT_PLACE =
  "--stack reads the addresses of the deployment (cloudformation:DescribeStacks); --table names its table instead, the\n" +
  "stack's output TableName. Region and credentials come from the environment, as for every AWS tool.";

export const WHAT_CODES_MEAN = "Exit code: 0 done, 1 failed, 2 wrong usage or a command that is not possible now.";

const upTo =
  (longest: number) =>
  (text: string): string => {
    if (text.trim() !== "" && text.length <= longest) return text.trim();
    throw new InvalidArgumentError(`It must have 1 to ${longest} characters.`);
  };

export const named = upTo(LONGEST_NAME);
export const reasoned = upTo(LONGEST_REASON);

export const onDeployment = (program: Command, subcommand: string, description: string): Command =>
  program
    .command(subcommand)
    .description(description)
    .addOption(stackOption().conflicts("table"))
    .option("--table <NAME>", "name of its jobs table, in the place of --stack")
    .allowExcessArguments(false);

/** Adds the table's name to errors of AWS or the network, which do not contain it. */
export async function toldBy<T>(
  { called, table }: { readonly called: string; readonly table: string },
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if ([RefusalError, DocumentBusyError, TypeError].some((known) => error instanceof known)) throw error;
    throw new Error(
      `${called} in the table ${table} cannot be reached: ${String(error)}. ` +
        "Check the table's name (the stack's output TableName), the region and the credentials. Then check the status.",
      { cause: error },
    );
  }
}

export const timeOf = (ms: number): string => new Date(ms).toISOString();
