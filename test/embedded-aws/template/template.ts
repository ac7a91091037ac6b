import { z } from "zod";
import { mergeStacks, type StackTemplate } from "./merge-stacks.ts";

const templateSchema = z.object({
  Resources: z.record(
    z.string(),
    z.object({ Type: z.string(), Properties: z.record(z.string(), z.unknown()).default({}) }),
  ),
  Outputs: z.record(z.string(), z.object({ Value: z.unknown() })).default({}),
});

/** The parts of a synthesized CloudFormation template that the embedded AWS reads. */
export type Template = z.infer<typeof templateSchema>;

/** Parses the templates of one app's stacks and merges them into one. */
export function parseTemplates(jsons: readonly string[]): Template {
  return templateSchema.parse(mergeStacks(jsons.map((json) => JSON.parse(json) as StackTemplate<unknown>)));
}

export const REGION = "us-east-1";
export const ACCOUNT = "000000000000";
/** Name of the merged stack. Names of resources begin with it. */
export const STACK = "fetchonce-local";

const PSEUDO_PARAMETERS: Readonly<Record<string, string>> = {
  "AWS::Region": REGION,
  "AWS::AccountId": ACCOUNT,
  "AWS::Partition": "aws",
};

const HASH_OF_A_LOGICAL_ID = /[0-9A-F]{8}$/;

/**
 * Physical names by logical id: `fetchonce-local-` and the logical id in lower case, without the CDK's hash.
 * @throws Error if two resources would get the same name.
 */
export function physicalNames(template: Template): ReadonlyMap<string, string> {
  const owners = new Map<string, string>();
  const names = new Map<string, string>();
  for (const logicalId of Object.keys(template.Resources)) {
    const name = `${STACK}-${logicalId.replace(HASH_OF_A_LOGICAL_ID, "").toLowerCase()}`;
    const owner = owners.get(name);
    if (owner)
      throw new Error(
        `The template's ${owner} and ${logicalId} would both be called ${name} locally. Rename one of the constructs.`,
      );
    owners.set(name, logicalId);
    names.set(logicalId, name);
  }
  return names;
}

const ARN_PREFIXES: Readonly<Record<string, string>> = {
  "AWS::DynamoDB::Table": `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/`,
  "AWS::SQS::Queue": `arn:aws:sqs:${REGION}:${ACCOUNT}:`,
  "AWS::S3::Bucket": "arn:aws:s3:::",
  "AWS::Lambda::Function": `arn:aws:lambda:${REGION}:${ACCOUNT}:function:`,
};

export function arnOf(type: string, name: string): string {
  return `${ARN_PREFIXES[type] ?? `arn:aws:local:${REGION}:${ACCOUNT}:`}${name}`;
}

const aliasProperties = z.object({ FunctionName: z.unknown(), Name: z.string() });

/** Replaces every intrinsic function in the value by what it stands for. */
export type Resolver = (value: unknown) => unknown;

/** @param queueUrls URLs of the queues created so far, by logical id: a queue's `Ref` is its URL. */
export function resolverOf(template: Template, queueUrls: ReadonlyMap<string, string>): Resolver {
  const names = physicalNames(template);

  const ref = (logicalId: string): string => {
    const pseudo = PSEUDO_PARAMETERS[logicalId];
    if (pseudo !== undefined) return pseudo;
    const name = names.get(logicalId);
    if (name === undefined) throw new Error(`The template refers to ${logicalId}, which is not one of its resources.`);
    const resource = template.Resources[logicalId];
    if (resource?.Type === "AWS::Lambda::Alias") return aliasArn(resource.Properties);
    if (resource?.Type !== "AWS::SQS::Queue") return name;
    const url = queueUrls.get(logicalId);
    if (url === undefined) throw new Error(`The template needs the URL of ${logicalId} before that queue is created.`);
    return url;
  };

  const aliasArn = (properties: unknown): string => {
    const { FunctionName, Name } = aliasProperties.parse(properties);
    return `${arnOf("AWS::Lambda::Function", z.string().parse(resolve(FunctionName)))}:${Name}`;
  };

  const attribute = (logicalId: string, name: string): string => {
    const type = template.Resources[logicalId]?.Type;
    const physical = names.get(logicalId);
    if (type === undefined || physical === undefined) {
      throw new Error(`The template refers to ${logicalId}.${name}, but ${logicalId} is not one of its resources.`);
    }
    if (name === "Arn") return arnOf(type, physical);
    if (name === "QueueName") return physical;
    if (name === "StreamArn") return `${arnOf(type, physical)}/stream/local`;
    throw new Error(
      `The embedded AWS does not know ${logicalId}.${name}. Add the attribute to test/embedded-aws/template/template.ts.`,
    );
  };

  const intrinsics: Readonly<Record<string, (argument: unknown) => unknown>> = {
    Ref: (argument) => ref(z.string().parse(argument)),
    "Fn::GetAtt": (argument) => {
      const [logicalId, name] = z.tuple([z.string(), z.string()]).parse(argument);
      return attribute(logicalId, name);
    },
    "Fn::Join": (argument) => {
      const [separator, parts] = z.tuple([z.string(), z.array(z.unknown())]).parse(argument);
      return z.array(z.string()).parse(parts.map(resolve)).join(separator);
    },
    "Fn::Split": (argument) => {
      const [separator, text] = z.tuple([z.string(), z.unknown()]).parse(argument);
      return z.string().parse(resolve(text)).split(separator);
    },
    "Fn::Select": (argument) => {
      const [index, list] = z.tuple([z.coerce.number(), z.unknown()]).parse(argument);
      return z.array(z.string()).parse(resolve(list))[index];
    },
    "Fn::Sub": (argument) =>
      z
        .string()
        .parse(argument)
        .replaceAll(/\$\{([^}]+)\}/g, (_match, expression: string) => {
          const [logicalId = "", name] = expression.split(".");
          return name === undefined ? ref(logicalId) : attribute(logicalId, name);
        }),
  };

  function resolve(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(resolve);
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value);
    const [only] = entries;
    if (only && entries.length === 1) {
      const [name, argument] = only;
      const intrinsic = intrinsics[name];
      if (intrinsic) return intrinsic(argument);
      if (name.startsWith("Fn::")) {
        throw new Error(
          `The embedded AWS does not know ${name}, which the template uses. Add it to test/embedded-aws/template/template.ts.`,
        );
      }
    }
    return Object.fromEntries(entries.map(([name, inner]) => [name, resolve(inner)]));
  }

  return resolve;
}

/**
 * The value of a stack output.
 * @throws Error if the template has no output of that name.
 */
export function outputOf(template: Template, resolve: Resolver, name: string): string {
  const output = template.Outputs[name];
  if (!output)
    throw new Error(`The template has no output ${name}, which the embedded AWS needs to find its resources.`);
  return z.string().parse(resolve(output.Value));
}

/** All outputs, as a deployed stack has them: with AWS's URLs of queues. */
export function deployedOutputs(template: Template): Readonly<Record<string, string>> {
  const urls = Array.from(
    physicalNames(template),
    ([logicalId, name]) => [logicalId, `https://sqs.${REGION}.amazonaws.com/${ACCOUNT}/${name}`] as const,
  );
  const resolve = resolverOf(template, new Map(urls));
  return Object.fromEntries(Object.keys(template.Outputs).map((name) => [name, outputOf(template, resolve, name)]));
}
