/** What the emulated account contains: what each service lists, and what CloudFormation reports. */
import { z } from "zod";
import type { DeployedStack } from "./assembly.ts";
import { type Emulator, REGION } from "./emulator.ts";

type Listing = readonly [service: string, operation: string, list: string, name?: string];

/** The call that lists each type of resource, and the field that holds its CloudFormation physical id. */
const LISTED: Readonly<Record<string, Listing>> = {
  "AWS::CloudWatch::Dashboard": ["cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName"],
  "AWS::DynamoDB::Table": ["dynamodb", "list_tables", "TableNames"],
  "AWS::Events::EventBus": ["events", "list_event_buses", "EventBuses", "Name"],
  "AWS::Events::Rule": ["events", "list_rules", "Rules", "Name"],
  "AWS::IAM::Role": ["iam", "list_roles", "Roles", "RoleName"],
  "AWS::KMS::Key": ["kms", "list_keys", "Keys", "KeyId"],
  "AWS::Lambda::EventSourceMapping": ["lambda", "list_event_source_mappings", "EventSourceMappings", "UUID"],
  "AWS::Lambda::Function": ["lambda", "list_functions", "Functions", "FunctionName"],
  "AWS::Logs::LogGroup": ["logs", "describe_log_groups", "logGroups", "logGroupName"],
  "AWS::S3::Bucket": ["s3", "list_buckets", "Buckets", "Name"],
  "AWS::SNS::Topic": ["sns", "list_topics", "Topics", "TopicArn"],
  "AWS::SQS::Queue": ["sqs", "list_queues", "QueueUrls"],
};
/** Parts of another resource, created and deleted with it: they are not listed on their own. */
const PARTS = new Set(["AWS::IAM::Policy", "AWS::Lambda::Permission", "AWS::Lambda::Version", "AWS::Lambda::Alias"]);

/** True if the emulator has only a name for the resource and does not implement it. */
export const isPlaceholder = (physicalId: string): boolean => physicalId.startsWith("placeholder-");

export interface Existing {
  readonly stack: string;
  readonly logicalId: string;
  readonly type: string;
  readonly physicalId: string;
}

export class Account {
  readonly #emulator: Emulator;

  constructor(emulator: Emulator) {
    this.#emulator = emulator;
  }

  /** `type name` of every resource of the listed types, whether or not a stack created it. */
  async everything(): Promise<readonly string[]> {
    const lists = await Promise.all(
      Object.entries(LISTED).map(async ([type, [service, operation, list, name]]) => {
        const answer = await this.#emulator.aws(service, operation);
        const entries = z.array(z.unknown()).parse(answer[list] ?? []);
        return entries.map((entry) => `${type} ${nameOf(type, name, entry)}`);
      }),
    );
    return lists.flat().toSorted();
  }

  /** The resources that CloudFormation reports for the stacks. */
  async resources(stacks: readonly DeployedStack[]): Promise<readonly Existing[]> {
    const all: Existing[] = [];
    for (const { name } of stacks) {
      let NextToken: string | undefined;
      do {
        const request = { StackName: name, ...(NextToken !== undefined && { NextToken }) };
        const page = summaries.parse(await this.#emulator.aws("cloudformation", "list_stack_resources", request));
        for (const found of page.StackResourceSummaries) {
          all.push({
            stack: name,
            logicalId: found.LogicalResourceId,
            type: found.ResourceType,
            physicalId: found.PhysicalResourceId,
          });
        }
        ({ NextToken } = page);
      } while (NextToken !== undefined);
    }
    return all;
  }

  async outputs(stackName: string): Promise<{ isProtected: boolean; outputs: Readonly<Record<string, string>> }> {
    const answer = await this.#emulator.aws("cloudformation", "describe_stacks", { StackName: stackName });
    const { Stacks } = described.parse(answer);
    return {
      isProtected: Stacks[0].EnableTerminationProtection,
      outputs: Object.fromEntries(Stacks[0].Outputs.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue])),
    };
  }

  async functions(): Promise<readonly DeployedFunction[]> {
    return functions.parse(await this.#emulator.aws("lambda", "list_functions")).Functions;
  }
}

/** The lines of `everything` for these resources. @throws Error naming a type that `LISTED` lacks. */
export function expectedToBeListed(resources: readonly Existing[]): readonly string[] {
  const listed = resources.filter(({ type, physicalId }) => !PARTS.has(type) && !isPlaceholder(physicalId));
  for (const { type, logicalId } of listed) {
    if (!(type in LISTED))
      throw new Error(`No list call is known for ${type} (${logicalId}). Add it to LISTED in test/deploy/account.ts.`);
  }
  return listed.map(({ type, physicalId }) => `${type} ${physicalId}`).toSorted();
}

function nameOf(type: string, property: string | undefined, entry: unknown): string {
  const name = z.string().parse(property === undefined ? entry : (entry as Record<string, unknown>)[property]);
  // moto lists queues under its own address, but reports AWS's as the physical id.
  return type === "AWS::SQS::Queue" ? name.replace(/^https?:\/\/[^/]+/, `https://sqs.${REGION}.amazonaws.com`) : name;
}

const summaries = z.object({
  StackResourceSummaries: z.array(
    z.object({ LogicalResourceId: z.string(), ResourceType: z.string(), PhysicalResourceId: z.string() }),
  ),
  NextToken: z.string().optional(),
});
const described = z.object({
  Stacks: z.tuple([
    z.object({
      EnableTerminationProtection: z.boolean(),
      Outputs: z.array(z.object({ OutputKey: z.string(), OutputValue: z.string() })).default([]),
    }),
  ]),
});
const functions = z.object({
  Functions: z.array(
    z.object({
      FunctionName: z.string(),
      Timeout: z.number(),
      Environment: z.object({ Variables: z.record(z.string(), z.string()) }),
    }),
  ),
});
export type DeployedFunction = z.infer<typeof functions>["Functions"][number];
