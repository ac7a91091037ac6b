import { CloudFormationClient, DescribeStacksCommand, paginateDescribeStacks } from "@aws-sdk/client-cloudformation";
import type { Stack } from "@aws-sdk/client-cloudformation";

/** Where a deployment has its data: the outputs of its data stack. */
export interface StackAddresses {
  readonly stack: string;
  readonly region: string;
  /** What the names of its alarms and rules begin with. */
  readonly deployment: string;
  readonly table: string;
  readonly queueUrl: string;
  readonly longQueueUrl: string;
  readonly deadLetterQueueUrl: string;
  readonly stagingBucket: string;
  readonly contentBucket: string;
  /** Holds the files of batches. Undefined: the release that was deployed makes none. */
  readonly batchesBucket?: string;
  /** Is worked off beside the backlog. Undefined: the release that was deployed has none. */
  readonly urgentQueueUrl?: string;
}

const OUTPUTS = {
  table: "TableName",
  queueUrl: "QueueUrl",
  longQueueUrl: "LongQueueUrl",
  deadLetterQueueUrl: "DeadLetterQueueUrl",
  stagingBucket: "StagingBucketName",
  contentBucket: "ContentBucketName",
} as const satisfies Partial<Record<keyof StackAddresses, string>>;
/** Releases up to 0.2.0 do not have it: the deployment is called like its data stack. */
const DEPLOYMENT = "DeploymentName";
/** Not all releases have these. */
const BATCHES = "BatchesBucketName";
const URGENT = "UrgentQueueUrl";
/** The stack of a deployment that works on the data. It has outputs of its own. */
export const PIPELINE = { suffix: "-pipeline", output: "WorkerFunctionName" };
/** Pages of stacks that are looked through for those of fetchonce, once a name is wrong. */
const MOST_PAGES = 20;
/** Somebody waits for the answers. Times are in milliseconds. */
const IMPATIENT = { maxAttempts: 2, requestHandler: { connectionTimeout: 3_000, socketTimeout: 10_000 } };

/** The addresses of a deployment cannot be had. The message says why, and what to do. */
export class StackError extends Error {
  override readonly name: string = "StackError";
}

/** Another stack must be named. */
export class WrongStackError extends StackError {
  override readonly name = "WrongStackError";
}

/** With the caller's own credentials. AWS_REGION, AWS_PROFILE and AWS_ENDPOINT_URL apply. */
export const createCloudFormation = (): CloudFormationClient => new CloudFormationClient(IMPATIENT);

/**
 * The addresses of the deployment whose data stack has that name. In a stack that holds several, or another app's
 * constructs too, the outputs of each begin with its id: `NAME/ID` names one. It needs cloudformation:DescribeStacks.
 * @throws WrongStackError if there is no such stack, or it is none with data of fetchonce; StackError if it cannot be
 * read, or is of another release.
 */
export async function stackAddresses(written: string, client = createCloudFormation()): Promise<StackAddresses> {
  const [name = "", id] = written.split("/", 2);
  const region = await regionOf(client);
  const stack = await stackNamed(name, client, region);
  const outputs = outputsOf(stack);
  const prefix = outputs.has(OUTPUTS.table) && id === undefined ? "" : onlyOne(stack, idsIn(outputs), id);
  if (prefix === undefined) throw await wrongStack(stack, client, region);
  const addressAt = (output: string): string => {
    const address = outputs.get(prefix + output);
    if (address !== undefined) return address;
    throw new StackError(
      `The stack ${name} (${region}) has no output ${output}: an older release of fetchonce deployed it. ` +
        "Deploy this release, or use the command of that one.",
    );
  };
  const [batchesBucket, urgentQueueUrl] = [BATCHES, URGENT].map((output) => outputs.get(prefix + output));
  return {
    ...(batchesBucket !== undefined && { batchesBucket }),
    ...(urgentQueueUrl !== undefined && { urgentQueueUrl }),
    stack: written,
    region,
    deployment: outputs.get(prefix + DEPLOYMENT) ?? name,
    table: addressAt(OUTPUTS.table),
    queueUrl: addressAt(OUTPUTS.queueUrl),
    longQueueUrl: addressAt(OUTPUTS.longQueueUrl),
    deadLetterQueueUrl: addressAt(OUTPUTS.deadLetterQueueUrl),
    stagingBucket: addressAt(OUTPUTS.stagingBucket),
    contentBucket: addressAt(OUTPUTS.contentBucket),
  };
}

/** What the outputs of each deployment in a stack begin with. */
const idsIn = (outputs: ReadonlyMap<string, string>): readonly string[] =>
  [...outputs.keys()]
    .filter((key) => key.endsWith(OUTPUTS.table))
    .map((key) => key.slice(0, -OUTPUTS.table.length))
    .filter((prefix) => Object.values(OUTPUTS).every((output) => outputs.has(prefix + output)));

/** @returns undefined if the stack has none. @throws WrongStackError if it has another, or several. */
function onlyOne({ StackName: name }: Stack, ids: readonly string[], id: string | undefined): string | undefined {
  const [first, ...others] = ids;
  if (first === undefined || (id !== undefined && ids.includes(id))) return first === undefined ? undefined : id;
  if (id === undefined && others.length === 0) return first;
  const choice = ids.map((each) => (each === "" ? name : `${name}/${each}`)).join(" or ");
  throw new WrongStackError(
    id === undefined
      ? `The stack ${name} holds several deployments of fetchonce. Write --stack ${choice}.`
      : `The stack ${name} holds no deployment of fetchonce with the id ${id}. Write --stack ${choice}.`,
  );
}

export async function regionOf(client: CloudFormationClient): Promise<string> {
  try {
    return await client.config.region();
  } catch (error) {
    throw new StackError("No region is named. Set AWS_REGION, or AWS_PROFILE to a profile that has one.", {
      cause: error,
    });
  }
}

async function stackNamed(name: string, client: CloudFormationClient, region: string): Promise<Stack> {
  const stack = await stackIfAny(name, client, region);
  if (stack) return stack;
  throw new WrongStackError(`There is no stack ${name} in the region ${region}. ${await whatToWrite(client)}`);
}

/** @throws StackError if it cannot be known whether there is such a stack. */
export async function stackIfAny(
  name: string,
  client: CloudFormationClient,
  region: string,
): Promise<Stack | undefined> {
  try {
    const { Stacks: [stack] = [] } = await client.send(new DescribeStacksCommand({ StackName: name }));
    return stack;
  } catch (error) {
    if (isUnknownStack(error)) return undefined;
    throw unreadable(name, region, error);
  }
}

/** CloudFormation has no error of its own for it. */
const isUnknownStack = (error: unknown): boolean =>
  error instanceof Error && error.name === "ValidationError" && error.message.includes("does not exist");

function unreadable(name: string, region: string, error: unknown): StackError {
  const isWithoutCredentials = error instanceof Error && error.name === "CredentialsProviderError";
  const said = isWithoutCredentials
    ? "There are no AWS credentials. Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
    : `The stack ${name} in the region ${region} cannot be read: ${String(error)}. Check the credentials, which need ` +
      "cloudformation:DescribeStacks, and the network.";
  return new StackError(said, { cause: error });
}

export const outputsOf = ({ Outputs = [] }: Stack): ReadonlyMap<string, string> =>
  new Map(Outputs.map(({ OutputKey = "", OutputValue = "" }) => [OutputKey, OutputValue]));

async function wrongStack(stack: Stack, client: CloudFormationClient, region: string): Promise<StackError> {
  const { StackName: name = "", StackStatus: status } = stack;
  if (outputsOf(stack).has(PIPELINE.output) && name.endsWith(PIPELINE.suffix))
    return new WrongStackError(
      `${name} is the stack that works on the data of another one. ` +
        `Write --stack ${name.slice(0, -PIPELINE.suffix.length)}.`,
    );
  return new WrongStackError(
    `The stack ${name} in the region ${region} (${status}) has no output ${OUTPUTS.table}, so it holds no data of ` +
      `fetchonce. ${await whatToWrite(client)}`,
  );
}

async function whatToWrite(client: CloudFormationClient): Promise<string> {
  const names = await dataStacks(client);
  if (names === undefined) return "Check its name, the region (AWS_REGION) and the account (AWS_PROFILE).";
  if (names.length === 0)
    return "No stack there is one of fetchonce: check the region (AWS_REGION) and the account (AWS_PROFILE).";
  return `Those of fetchonce there: ${names.join(", ")}.`;
}

/** @returns undefined if the caller may not list stacks. */
async function dataStacks(client: CloudFormationClient): Promise<readonly string[] | undefined> {
  const names: string[] = [];
  let pages = 0;
  try {
    for await (const { Stacks = [] } of paginateDescribeStacks({ client }, {})) {
      for (const stack of Stacks) {
        const ids = idsIn(outputsOf(stack));
        names.push(...ids.map((id) => (ids.length === 1 ? `${stack.StackName}` : `${stack.StackName}/${id}`)));
      }
      pages += 1;
      if (pages === MOST_PAGES) break;
    }
    return names.toSorted();
  } catch {
    return undefined;
  }
}
