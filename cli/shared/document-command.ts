/** What the commands have in common that change a document in the jobs table. */
import { type Command, InvalidArgumentError } from "commander";
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
