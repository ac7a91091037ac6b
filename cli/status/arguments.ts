import type { Command } from "commander";
import { stackOption } from "../shared/stack.ts";

export interface StatusArguments {
  readonly stack: string;
  readonly json: boolean;
}

const NOTES = `
It reads no job: queues and the watch index are counted, and the gate and the rules of hosts are two items. So it costs
little at any time, about 200 requests.

It needs cloudformation:DescribeStacks, sqs:GetQueueAttributes, dynamodb:GetItem, dynamodb:Query (with the index) and
dynamodb:DescribeTable. For the hosts it also needs cloudwatch:GetInsightRuleReport, and goes on without it.

Exit code: 0 done, 1 failed, 2 wrong usage.`;

export function describeStatusCommand(command: Command, found: (parsed: StatusArguments) => void): void {
  command
    .description("show a deployed system: its queues, its gate, what is watched and due, and hosts that jobs wait for")
    .addOption(stackOption().makeOptionMandatory())
    .option("--json", "as JSON, for programs")
    .addHelpText("after", NOTES)
    .allowExcessArguments(false)
    .action(({ json = false, stack }: { readonly json?: boolean; readonly stack: string }) => found({ stack, json }));
}
