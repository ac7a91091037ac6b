import type { Command } from "commander";
import { stackOption } from "../shared/stack.ts";

export interface VerifyArguments {
  readonly stack: string;
  readonly json?: true;
}

const NOTES = `
It looks for each entry of the index in the bucket, and for each object of the bucket in the index. It prints
  missing    the index names it, and the bucket does not have it
  size       the bucket's object has another size than the index says
  unindexed  the bucket has it, and the index does not, an hour after it was stored
A job that has the same content again stores what is missing only if its record has expired. What is unindexed does no
harm: the next job with that content indexes it.

It changes nothing. It reads the whole table, lists the bucket, and sends a HEAD request for each entry. It needs
cloudformation:DescribeStacks, dynamodb:Scan, dynamodb:BatchGetItem, s3:ListBucket and s3:GetObject.

Exit code: 0 all is as it should be, or only unindexed; 1 something is missing, or it failed; 2 wrong usage.`;

export function describeVerifyCommand(command: Command, found: (parsed: VerifyArguments) => void): void {
  command
    .description("compare the content bucket of a deployed system with its index")
    .addOption(stackOption().makeOptionMandatory())
    .option("--json", "as JSON lines, for programs")
    .addHelpText("after", NOTES)
    .allowExcessArguments(false)
    .action(found);
}
