import { z } from "zod";
import { isArnOf } from "../../../adapters/aws/sqs.ts";
import { resourcesOf } from "../template/resources.ts";
import { arnOf, physicalNames } from "../template/template.ts";
import type { Resolver, Template } from "../template/template.ts";

/** A Lambda function as the template describes it. */
export interface FunctionDescription {
  readonly name: string;
  /** Name of the asset's folder in the cloud assembly. */
  readonly asset: string;
  /** `<file without extension>.<export>`, relative to the asset. */
  readonly handler: string;
  readonly timeoutMs: number;
  readonly variables: Readonly<Record<string, string>>;
}

/** An event source mapping from a queue or a stream, as the template describes it. */
export interface EventSource {
  readonly arn: string;
  readonly batchSize: number;
  readonly batchingWindowMs: number;
  readonly reportsPartialFailures: boolean;
  readonly bisectsBatches: boolean;
  /** Patterns. A record of a stream that matches none is passed by. */
  readonly filters: readonly unknown[];
}

const functionProperties = z.object({
  Code: z.object({ S3Key: z.string().endsWith(".zip") }),
  Handler: z.string(),
  Timeout: z.number(),
  Environment: z.object({ Variables: z.record(z.string(), z.string()) }),
});

/** @throws Error if the template has no such function. */
export function functionNamed(template: Template, resolve: Resolver, name: string): FunctionDescription {
  const names = physicalNames(template);
  const found = resourcesOf(template, "AWS::Lambda::Function").find(([logicalId]) => names.get(logicalId) === name);
  if (!found) throw new Error(`The template has no Lambda function ${name}.`);
  const properties = functionProperties.parse(resolve(found[1].Properties));
  return {
    name,
    asset: `asset.${properties.Code.S3Key.slice(0, -".zip".length)}`,
    handler: properties.Handler,
    timeoutMs: properties.Timeout * 1000,
    variables: properties.Environment.Variables,
  };
}

const mappingProperties = z.object({
  /** Followed by `:<alias>` if an alias receives the messages. */
  FunctionName: z.string(),
  EventSourceArn: z.string(),
  BatchSize: z.number().default(10),
  MaximumBatchingWindowInSeconds: z.number().default(0),
  FunctionResponseTypes: z.array(z.string()).default([]),
  BisectBatchOnFunctionError: z.boolean().default(false),
  FilterCriteria: z.object({ Filters: z.array(z.object({ Pattern: z.string() })) }).default({ Filters: [] }),
});

/**
 * @param queueUrl the queue that it is to be. Undefined: the function has one source.
 * @throws Error if neither a queue nor a stream feeds the function.
 */
export function eventSourceOf(
  template: Template,
  resolve: Resolver,
  functionName: string,
  queueUrl?: string,
): EventSource {
  for (const [, { Properties }] of resourcesOf(template, "AWS::Lambda::EventSourceMapping")) {
    const mapping = mappingProperties.parse(resolve(Properties));
    const [mappedFunction] = mapping.FunctionName.split(":");
    if (mappedFunction !== functionName) continue;
    if (queueUrl !== undefined && !isArnOf(mapping.EventSourceArn, queueUrl)) continue;
    return {
      arn: mapping.EventSourceArn,
      batchSize: mapping.BatchSize,
      batchingWindowMs: mapping.MaximumBatchingWindowInSeconds * 1000,
      reportsPartialFailures: mapping.FunctionResponseTypes.includes("ReportBatchItemFailures"),
      bisectsBatches: mapping.BisectBatchOnFunctionError,
      filters: mapping.FilterCriteria.Filters.map(({ Pattern }): unknown => JSON.parse(Pattern)),
    };
  }
  throw new Error(`The template has no event source mapping for ${functionName}: no message would ever reach it.`);
}

const ruleProperties = z.object({
  ScheduleExpression: z.string(),
  State: z.literal("ENABLED"),
  Targets: z.array(z.object({ Arn: z.string() })),
});

/**
 * @returns how often the template invokes the function, in ms.
 * @throws Error if it never does, or not in whole minutes.
 */
export function scheduleOf(template: Template, resolve: Resolver, functionName: string): number {
  const arn = arnOf("AWS::Lambda::Function", functionName);
  for (const [, { Properties }] of resourcesOf(template, "AWS::Events::Rule")) {
    const rule = ruleProperties.parse(resolve(Properties));
    if (rule.Targets.some((target) => target.Arn === arn)) return periodOf(rule.ScheduleExpression);
  }
  throw new Error(`The template has no schedule for ${functionName}: nothing would ever invoke it.`);
}

const MINUTE_MS = 60_000;

function periodOf(expression: string): number {
  const minutes = /^rate\((\d+) minutes?\)$/.exec(expression)?.[1];
  if (minutes === undefined)
    throw new Error(
      `The embedded AWS understands schedules in minutes only, not "${expression}". Write rate(<n> minutes).`,
    );
  return Number(minutes) * MINUTE_MS;
}
