/** The outputs of stacks over the wire, in CloudFormation's Query protocol. */
import { CloudFormationClient } from "@aws-sdk/client-cloudformation";
import { createServer, type Server } from "node:http";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { stackFunctions } from "../../../../adapters/aws/operators/stack-functions.ts";
import { StackError, stackAddresses, WrongStackError } from "../../../../adapters/aws/operators/stack-outputs.ts";
import { listen } from "../../../../local/shared/loopback.ts";
import { startCloudFormation, type StackOutputs } from "../../../embedded-aws/aws/cloudformation.ts";

const DATA = {
  TableName: "fetchonce-prod-JobsTable1A2B-XYZ",
  QueueUrl: "https://sqs.eu-central-1.amazonaws.com/123456789012/work",
  LongQueueUrl: "https://sqs.eu-central-1.amazonaws.com/123456789012/long",
  DeadLetterQueueUrl: "https://sqs.eu-central-1.amazonaws.com/123456789012/dead",
  StagingBucketName: "staging",
  ContentBucketName: "content",
  EventBusName: "fetchonce-prod",
};
const { LongQueueUrl: _, ...OF_OLDER_RELEASE } = DATA;
/** As an app has them that embeds the construct with this id. */
const embedded = (id: string): StackOutputs =>
  Object.fromEntries(
    Object.entries({ ...DATA, DeploymentName: `acme-${id}` }).map(([name, value]) => [id + name, `${id} ${value}`]),
  );
const STACKS: Readonly<Record<string, StackOutputs>> = {
  website: { Url: "https://example.org" },
  empty: {},
  "fetchonce-staging": DATA,
  "fetchonce-prod": DATA,
  "fetchonce-prod-pipeline": { WorkerFunctionName: "worker" },
  "fetchonce-old": OF_OLDER_RELEASE,
};

beforeEach(() => {
  vi.stubEnv("AWS_REGION", "eu-central-1");
  vi.stubEnv("AWS_ACCESS_KEY_ID", "local");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "local");
  vi.stubEnv("AWS_MAX_ATTEMPTS", "1");
});
afterEach(() => {
  vi.unstubAllEnvs();
});

async function withStacks(stacks: Readonly<Record<string, StackOutputs>>, pageSize?: number): Promise<void> {
  const service = await startCloudFormation({ stacks, ...(pageSize !== undefined && { pageSize }) });
  onTestFinished(async () => service.stop());
  vi.stubEnv("AWS_ENDPOINT_URL", service.endpoint);
}

async function refusalOf(name: string): Promise<Error> {
  return stackAddresses(name).then(
    () => new Error("it was found"),
    (error: unknown) => error as Error,
  );
}

describe("the addresses of a construct in a stack of another app", () => {
  it.each([
    { written: "crawler", holds: embedded("Papers") },
    { written: "crawler/Papers", holds: { ...embedded("Papers"), ...embedded("Theses") } },
  ])("are the outputs that begin with its id: $written", async ({ holds, written }) => {
    await withStacks({ crawler: { UsersTableName: "users", ...holds } });
    expect(await stackAddresses(written)).toMatchObject({
      stack: written,
      deployment: "Papers acme-Papers",
      table: `Papers ${DATA.TableName}`,
      longQueueUrl: `Papers ${DATA.LongQueueUrl}`,
    });
  });

  it.each([
    [
      "crawler",
      "The stack crawler holds several deployments of fetchonce. Write --stack crawler/Papers or crawler/Theses.",
    ],
    [
      "crawler/Books",
      "The stack crawler holds no deployment of fetchonce with the id Books. Write --stack crawler/Papers or crawler/Theses.",
    ],
    ["nowhere", "Those of fetchonce there: crawler/Papers, crawler/Theses, fetchonce-prod."],
  ])("must be asked for by an id that is there: %s", async (written, says) => {
    await withStacks({ crawler: { ...embedded("Papers"), ...embedded("Theses") }, "fetchonce-prod": DATA });
    const refusal = await refusalOf(written);
    expect(refusal).toBeInstanceOf(WrongStackError);
    expect(refusal.message).toContain(says);
  });
});

describe("the addresses of a stack", () => {
  it("are its outputs, from the endpoint that is set", async () => {
    await withStacks(STACKS);
    expect(await stackAddresses("fetchonce-prod")).toEqual({
      stack: "fetchonce-prod",
      region: "eu-central-1",
      deployment: "fetchonce-prod",
      table: DATA.TableName,
      queueUrl: DATA.QueueUrl,
      longQueueUrl: DATA.LongQueueUrl,
      deadLetterQueueUrl: DATA.DeadLetterQueueUrl,
      stagingBucket: "staging",
      contentBucket: "content",
    });
  });

  it.each([
    [
      "prod",
      "There is no stack prod in the region eu-central-1. Those of fetchonce there: fetchonce-prod, fetchonce-staging.",
    ],
    [
      "fetchonce-prod-pipeline",
      "fetchonce-prod-pipeline is the stack that works on the data of another one. Write --stack fetchonce-prod.",
    ],
    [
      "website",
      "The stack website in the region eu-central-1 (CREATE_COMPLETE) has no output TableName, so it holds no data of " +
        "fetchonce. Those of fetchonce there: fetchonce-prod, fetchonce-staging.",
    ],
    ["empty", "The stack empty in the region eu-central-1 (CREATE_COMPLETE) has no output TableName"],
  ])("are not those of %s: the error names the right stacks, which are on several pages", async (name, sentence) => {
    await withStacks(STACKS, 2);
    const refusal = await refusalOf(name);
    expect(refusal).toBeInstanceOf(WrongStackError);
    expect(refusal.message).toContain(sentence);
  });

  it("are nowhere if no stack is one of fetchonce: the error names region and account", async () => {
    await withStacks({ website: { Url: "https://example.org" } });
    const refusal = await refusalOf("fetchonce-prod");
    expect(refusal).toBeInstanceOf(WrongStackError);
    expect(refusal.message).toContain(
      "No stack there is one of fetchonce: check the region (AWS_REGION) and the account (AWS_PROFILE).",
    );
  });

  it("are not complete if an older release deployed the stack: the error names the missing output", async () => {
    await withStacks(STACKS);
    const refusal = await refusalOf("fetchonce-old");
    expect(refusal).toBeInstanceOf(StackError);
    expect(refusal).not.toBeInstanceOf(WrongStackError);
    expect(refusal.message).toBe(
      "The stack fetchonce-old (eu-central-1) has no output LongQueueUrl: an older release of fetchonce deployed it. " +
        "Deploy this release, or use the command of that one.",
    );
  });

  it("cannot be had without a region, without credentials, or without permission: the error says which", async () => {
    await withStacks(STACKS);
    const client = new CloudFormationClient({
      region: async (): Promise<string> => Promise.reject(new Error("Region is missing")),
    });
    await expect(stackAddresses("fetchonce-prod", client)).rejects.toThrow("No region is named. Set AWS_REGION");

    const withoutCredentials = new CloudFormationClient({
      credentials: async () => Promise.reject(Object.assign(new Error("none"), { name: "CredentialsProviderError" })),
    });
    await expect(stackAddresses("fetchonce-prod", withoutCredentials)).rejects.toThrow(
      "There are no AWS credentials. Set AWS_PROFILE",
    );

    await withAnswers(
      `<ErrorResponse><Error><Code>AccessDenied</Code><Message>not you</Message></Error></ErrorResponse>`,
    );
    const refused = await refusalOf("fetchonce-prod");
    expect(refused).toBeInstanceOf(StackError);
    expect(refused.message).toMatch(/cannot be read: AccessDenied: not you\. Check the credentials, which need cloud/);
  });

  it("are not guessed if stacks may be read by name, but not listed", async () => {
    const missing = "<Error><Code>ValidationError</Code><Message>Stack with id x does not exist</Message></Error>";
    await withAnswers(`<ErrorResponse>${missing}</ErrorResponse>`);
    expect((await refusalOf("x")).message).toBe(
      "There is no stack x in the region eu-central-1. Check its name, the region (AWS_REGION) and the account (AWS_PROFILE).",
    );
  });
});

/** A service that refuses everything with this answer. */
async function withAnswers(xml: string): Promise<void> {
  const server: Server = createServer((request, response) => {
    request.resume().on("end", () => response.writeHead(400, { "content-type": "text/xml" }).end(xml));
  });
  const service = await listen(server);
  onTestFinished(async () => service.stop());
  vi.stubEnv("AWS_ENDPOINT_URL", service.endpoint);
}

describe("the functions of a deployment", () => {
  const ofPapers = { PapersWorkerFunctionName: "p-worker", PapersLongWorkerFunctionName: "p-long" };
  it.each([
    { written: "fetchonce-prod", elsewhere: undefined, worker: "worker" },
    { written: "crawler", elsewhere: undefined, worker: "p-worker" },
    { written: "crawler/Papers", elsewhere: undefined, worker: "p-worker" },
    { written: "crawler/Papers", elsewhere: "compute", worker: "c-worker" },
  ])("are found by the name of its data stack: $written, $elsewhere", async ({ elsewhere, worker, written }) => {
    const compute = { PapersWorkerFunctionName: "c-worker", ThesesWorkerFunctionName: "t-worker" };
    await withStacks({ ...STACKS, crawler: { ...embedded("Papers"), ...ofPapers }, compute });
    const found = await stackFunctions(written, elsewhere);
    expect(found.get("worker")).toBe(worker);
    expect(found.get("long-worker")).toBe(worker === "p-worker" ? "p-long" : undefined);
  });

  it.each([
    ["fetchonce-staging", undefined, "no stack fetchonce-staging or fetchonce-staging-pipeline of the region"],
    ["fetchonce-prod", "website", "no stack website of the region"],
    ["crawler/Theses", undefined, "The functions of crawler/Theses are in no stack"],
    ["pair", undefined, "If it holds several deployments, name the one with --stack NAME/ID."],
  ])("are asked for where they are not found: %s, %s", async (written, elsewhere, says) => {
    const pair = { ...ofPapers, ThesesWorkerFunctionName: "t-worker" };
    await withStacks({ ...STACKS, crawler: { ...embedded("Papers"), ...ofPapers }, pair });
    await expect(stackFunctions(written, elsewhere)).rejects.toThrow(WrongStackError);
    await expect(stackFunctions(written, elsewhere)).rejects.toThrow(says);
    await expect(stackFunctions(written, elsewhere)).rejects.toThrow("with --pipeline");
  });
});
