/** What the template allows each function, and what Lambda itself does with the function's role. */
import { z } from "zod";
import { resourcesOf } from "../../embedded-aws/template/resources.ts";
import { arnOf, physicalNames, type Resolver, type Template } from "../../embedded-aws/template/template.ts";
import type { Permission } from "./iam-actions.ts";

const oneOrMany = z.union([z.string().transform((one) => [one]), z.array(z.string())]);
/** Strict: a Condition, a NotAction or a NotResource fails to parse, because `covers` could not judge it. */
const statement = z.strictObject({ Effect: z.literal("Allow"), Action: oneOrMany, Resource: oneOrMany });
const policy = z.object({
  PolicyDocument: z.object({ Statement: z.array(statement) }),
  Roles: z.array(z.string()),
});
const lambda = z.object({ Role: z.string(), LoggingConfig: z.object({ LogGroup: z.string() }) });
const mapping = z.object({
  FunctionName: z.string(),
  EventSourceArn: z.string(),
  DestinationConfig: z.object({ OnFailure: z.object({ Destination: z.string() }) }).optional(),
});

const POLLED: Readonly<Record<string, readonly string[]>> = {
  sqs: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
  dynamodb: ["dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:DescribeStream", "dynamodb:ListStreams"],
};
const LOGGED = ["logs:CreateLogStream", "logs:PutLogEvents"];

export class Grants {
  readonly #template: Template;
  readonly #resolve: Resolver;

  constructor(template: Template, resolve: Resolver) {
    this.#template = template;
    this.#resolve = resolve;
  }

  /** What the policies of the function's role allow. */
  of(functionName: string): readonly Permission[] {
    const { Role } = this.#function(functionName);
    const policies = this.#all("AWS::IAM::Policy", policy);
    return policies
      .filter(({ Roles }) => Roles.some((role) => arnOf("AWS::IAM::Role", role) === Role))
      .flatMap(({ PolicyDocument }) => PolicyDocument.Statement)
      .flatMap(({ Action, Resource }) => product(Action, Resource));
  }

  /** What Lambda does with the function's role: polls the event source, stores failed batches, writes the log. */
  usedByLambda(functionName: string): readonly Permission[] {
    const { LogGroup } = this.#function(functionName).LoggingConfig;
    const sources = this.#all("AWS::Lambda::EventSourceMapping", mapping).filter(
      ({ FunctionName }) => FunctionName.split(":")[0] === functionName,
    );
    const destinations = sources.flatMap(({ DestinationConfig }) => DestinationConfig?.OnFailure.Destination ?? []);
    return [
      ...product(LOGGED, [arnOf("AWS::Logs::LogGroup", LogGroup)]),
      ...sources.flatMap(({ EventSourceArn: arn }) => product(POLLED[arn.split(":")[2] ?? ""] ?? [], [arn])),
      ...destinations.flatMap(usedByDestination),
    ];
  }

  #function(name: string): z.infer<typeof lambda> {
    const names = physicalNames(this.#template);
    const found = resourcesOf(this.#template, "AWS::Lambda::Function").find(([id]) => names.get(id) === name);
    return lambda.parse(this.#resolve(found?.[1].Properties));
  }

  #all<Schema extends z.ZodType>(type: string, schema: Schema): z.infer<Schema>[] {
    return resourcesOf(this.#template, type).map(([, { Properties }]) => schema.parse(this.#resolve(Properties)));
  }
}

/** Lambda puts batches into a bucket under names of its own, and needs ListBucket for the bucket to be accepted. */
const usedByDestination = (arn: string): readonly Permission[] =>
  arn.split(":")[2] === "s3"
    ? [
        { action: "s3:PutObject", resource: `${arn}/aws/lambda/mapping/shard/2026/11/25/batch` },
        { action: "s3:ListBucket", resource: arn },
      ]
    : product(["sqs:SendMessage"], [arn]);

const product = (actions: readonly string[], resources: readonly string[]): Permission[] =>
  resources.flatMap((resource) => actions.map((action) => ({ action, resource })));

/** IAM's `*` also matches slashes. */
export const covers = (granted: Permission, needed: Permission): boolean =>
  granted.action === needed.action &&
  new RegExp(`^${granted.resource.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll("*", ".*")}$`).test(
    needed.resource,
  );
