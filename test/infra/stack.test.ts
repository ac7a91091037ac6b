import { beforeAll, describe, expect, it } from "vitest";
import { FUNCTION_OUTPUTS } from "../../adapters/aws/operators/function-roles.ts";
import { type EnvironmentName, ENVIRONMENTS } from "../../infra/environments/environments.ts";
import { announcerEnv } from "../../lambdas/announcer/env.ts";
import { batchesEnv } from "../../lambdas/batches/env.ts";
import { reconcilerEnv } from "../../lambdas/reconciler/env.ts";
import { gateRolloutEnv } from "../../lambdas/gate-rollout/env.ts";
import { workerEnv } from "../../lambdas/worker/env.ts";
import { environmentNames, type Synthesized, synthesized, temporaryFolder } from "./synthesize.ts";

const outdir = temporaryFolder();
const DAY_S = 86_400;
const FUNCTIONS = ["Worker", "LongWorker", "Reconciler", "Batches", "Announcer"];
/** The rollout controller exists only where there are alarms for it to watch. */
const functionsOf = (name: EnvironmentName): readonly string[] =>
  name === "local" ? FUNCTIONS : [...FUNCTIONS, "Rollout"];
const isArchived = (name: EnvironmentName): boolean => ENVIRONMENTS[name].expiredRecords === "archive";
const templates = {} as Record<EnvironmentName, Synthesized>;

beforeAll(async () => {
  for (const name of environmentNames) templates[name] = await synthesized(name, outdir);
});

const REFUSES_PLAIN_HTTP = expect.objectContaining({
  Effect: "Deny",
  Principal: { AWS: "*" },
  Condition: { Bool: { "aws:SecureTransport": "false" } },
});

describe.each(environmentNames)("the stack of %s", (name) => {
  it("stores jobs in a pay-per-request table with one key, a sparse watch index and a TTL", () => {
    const { properties } = templates[name].one("AWS::DynamoDB::Table");
    expect(properties).toMatchObject({
      BillingMode: "PAY_PER_REQUEST",
      KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
      AttributeDefinitions: [
        { AttributeName: "pk", AttributeType: "S" },
        { AttributeName: "watch_shard", AttributeType: "N" },
        { AttributeName: "watch_at", AttributeType: "N" },
      ],
      GlobalSecondaryIndexes: [
        {
          IndexName: "watch",
          KeySchema: [
            { AttributeName: "watch_shard", KeyType: "HASH" },
            { AttributeName: "watch_at", KeyType: "RANGE" },
          ],
          Projection: { ProjectionType: "KEYS_ONLY" },
        },
      ],
      TimeToLiveSpecification: { AttributeName: "expires_at", Enabled: true },
    });
  });

  it("hides a message for the worker's timeout (local: 10 s) and dead-letters it after 16 receives", () => {
    const { Timeout } = templates[name].one("AWS::Lambda::Function", "Worker").properties as { Timeout: number };
    expect(templates[name].one("AWS::SQS::Queue", "WorkQueue").properties).toMatchObject({
      VisibilityTimeout: name === "local" ? 10 : Timeout,
      RedrivePolicy: {
        deadLetterTargetArn: { "Fn::GetAtt": [templates[name].one("AWS::SQS::Queue", "WorkDeadLetters").id, "Arn"] },
        maxReceiveCount: 16,
      },
    });
  });

  it.each(["WorkQueue", "WorkDeadLetters"])(
    "keeps %s 14 days, encrypted at rest, and refuses plain HTTP",
    (idPrefix) => {
      const { id, properties } = templates[name].one("AWS::SQS::Queue", idPrefix);
      expect(properties).toMatchObject({ SqsManagedSseEnabled: true, MessageRetentionPeriod: 14 * DAY_S });
      expect(templates[name].statementsOn("AWS::SQS::QueuePolicy", id)).toContainEqual(REFUSES_PLAIN_HTTP);
    },
  );

  it.each(["Staging", "Content", "AccessLogs"])("closes the %s bucket to the public and to plain HTTP", (idPrefix) => {
    const { id, properties } = templates[name].one("AWS::S3::Bucket", idPrefix);
    expect(properties).toMatchObject({
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" } }],
      },
      OwnershipControls: { Rules: [{ ObjectOwnership: "BucketOwnerEnforced" }] },
    });
    expect(templates[name].statementsOn("AWS::S3::BucketPolicy", id)).toContainEqual(REFUSES_PLAIN_HTTP);
  });

  it.each([
    {
      idPrefix: "Staging",
      rules: [
        { Id: "AbortForgottenUploads", AbortIncompleteMultipartUpload: { DaysAfterInitiation: 3 } },
        { Id: "RemoveForgottenObjects", ExpirationInDays: 7 },
      ],
    },
    {
      idPrefix: "Content",
      rules: [{ Id: "AbortForgottenCopies", AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } }],
    },
  ])("has lifecycle rules on the $idPrefix bucket that remove leftovers and nothing else", ({ idPrefix, rules }) => {
    expect(templates[name].one("AWS::S3::Bucket", idPrefix).properties["LifecycleConfiguration"]).toEqual({
      Rules: rules.map((rule) => ({ ...rule, Status: "Enabled" })),
    });
  });

  it.each([
    {
      refused: "creating an object without If-None-Match, by any call",
      statement: {
        Action: "s3:PutObject",
        // Null: the header is missing. ObjectCreationOperation: false for the start of an upload and for its parts.
        Condition: { Null: { "s3:if-none-match": "true" }, Bool: { "s3:ObjectCreationOperation": "true" } },
      },
    },
    { refused: "deleting an object", statement: { Action: ["s3:DeleteObject", "s3:DeleteObjectVersion"] } },
  ])("denies everybody, in the content bucket, $refused", ({ statement }) => {
    const { id } = templates[name].one("AWS::S3::Bucket", "Content");
    expect(templates[name].statementsOn("AWS::S3::BucketPolicy", id)).toContainEqual({
      Sid: expect.any(String),
      Effect: "Deny",
      Principal: { AWS: "*" },
      Resource: { "Fn::Join": ["", [{ "Fn::GetAtt": [id, "Arn"] }, "/*"]] },
      ...statement,
    });
  });

  it.each(functionsOf(name))("runs the %s on Node 24 and arm64, with logs that expire and can hold metrics", (id) => {
    const logs = templates[name].one("AWS::Logs::LogGroup", `${id}Logs`);
    expect(logs.properties).toMatchObject({ LogGroupClass: "STANDARD", RetentionInDays: expect.any(Number) });
    expect(templates[name].one("AWS::Lambda::Function", id).properties).toMatchObject({
      Runtime: "nodejs24.x",
      Architectures: ["arm64"],
      Handler: "index.handler",
      LoggingConfig: { LogGroup: { Ref: logs.id } },
    });
  });

  it.each([
    ["WorkQueue", "Messages"],
    ["WorkUrgentQueue", "UrgentMessages"],
  ])("gives the worker batches of 10 messages of %s and retries only those that it reports as failed", (queue, id) => {
    expect(templates[name].one("AWS::Lambda::EventSourceMapping", `WorkerLive${id}`).properties).toEqual({
      EventSourceArn: { "Fn::GetAtt": [templates[name].one("AWS::SQS::Queue", queue).id, "Arn"] },
      FunctionName: expect.objectContaining({ "Fn::Join": ["", [expect.anything(), ":live"]] }),
      BatchSize: 10,
      FunctionResponseTypes: ["ReportBatchItemFailures"],
      ScalingConfig: { MaximumConcurrency: expect.any(Number) },
    });
  });

  it("allows the worker to send messages to its own queue (RecursiveLoop), and gives it 768 MiB of memory", () => {
    expect(templates[name].one("AWS::Lambda::Function", "Worker").properties).toMatchObject({
      RecursiveLoop: "Allow",
      MemorySize: 768,
    });
  });

  it.each([
    { id: "Worker", queue: "WorkQueue", batch: 10, lane: "short" },
    { id: "Worker", queue: "WorkUrgentQueue", batch: 10, lane: "short", source: "UrgentMessages" },
    { id: "LongWorker", queue: "WorkLongQueue", batch: 1, lane: "long" },
  ])("delivers the messages of $queue to the alias live of $id, $batch at a time", (expected) => {
    const { batch, id, lane, queue, source = "Messages" } = expected;
    const template = templates[name];
    const worker = template.one("AWS::Lambda::Function", id);
    const alias = template.one("AWS::Lambda::Alias", id);
    expect(alias.properties).toMatchObject({
      Name: "live",
      FunctionName: { Ref: worker.id },
      FunctionVersion: { "Fn::GetAtt": [template.one("AWS::Lambda::Version", id).id, "Version"] },
    });
    const mapping = template.one("AWS::Lambda::EventSourceMapping", `${id}Live${source}`).properties;
    expect(mapping).toMatchObject({ BatchSize: batch });
    expect(JSON.stringify(mapping["FunctionName"])).toContain(alias.id);
    const { id: queueId, properties } = template.one("AWS::SQS::Queue", queue);
    expect(JSON.stringify(mapping["EventSourceArn"])).toContain(queueId);
    expect(worker.properties).toMatchObject({
      Environment: { Variables: { LANE: lane, RECORD_CONCURRENCY: String(batch) } },
    });
    // Local is never deployed, so that Lambda does not ask for it there.
    const least = name === "local" ? 10 : Number(worker.properties["Timeout"]);
    expect(Number(properties["VisibilityTimeout"])).toBeGreaterThanOrEqual(least);
  });

  it.each(["WorkQueue", "WorkUrgentQueue"])("delivers a message of %s again within two minutes", (queue) => {
    const { properties } = templates[name].one("AWS::SQS::Queue", queue);
    expect(properties["VisibilityTimeout"]).toBeLessThanOrEqual(120);
  });

  it.each([
    { role: "Reconciler", longestS: 59 },
    // Runs that expand lists overlap.
    { role: "Batches", longestS: 900 },
  ])("runs the $role every minute and does not retry a failed run", ({ longestS, role }) => {
    const { id, properties } = templates[name].one("AWS::Lambda::Function", role);
    expect(properties["Timeout"]).toBeLessThanOrEqual(longestS);
    expect(templates[name].one("AWS::Events::Rule", `${role}Schedule`).properties).toMatchObject({
      ScheduleExpression: "rate(1 minute)",
      State: "ENABLED",
      Targets: [{ Arn: { "Fn::GetAtt": [id, "Arn"] } }],
    });
    expect(templates[name].one("AWS::Lambda::EventInvokeConfig", role).properties).toMatchObject({
      FunctionName: { Ref: id },
      MaximumEventAgeInSeconds: 60,
      MaximumRetryAttempts: 0,
    });
  });

  it("reserves no concurrency for any function: an account with a quota of 10 would refuse the deployment", () => {
    const functions = templates[name].all("AWS::Lambda::Function");
    expect(functions.filter(({ properties }) => "ReservedConcurrentExecutions" in properties)).toEqual([]);
  });

  it.each([
    { id: "Worker", schema: workerEnv },
    { id: "Reconciler", schema: reconcilerEnv },
    { id: "Batches", schema: batchesEnv },
    { id: "Announcer", schema: announcerEnv },
    ...(name === "local" ? [] : [{ id: "Rollout", schema: gateRolloutEnv }]),
  ])("gives the $id exactly the variables that its env.ts declares, with values that it accepts", ({ id, schema }) => {
    const declared = Object.keys(schema.shape);
    expect(Object.keys(templates[name].variablesOf(id)).sort()).toEqual(declared.sort());
    expect(schema.safeParse(templates[name].deployedVariablesOf(id)).error).toBeUndefined();
  });

  it.each(functionsOf(name))("lets the %s translate stacks to lines of the sources", (id) => {
    const { Environment } = templates[name].one("AWS::Lambda::Function", id).properties as {
      Environment: { Variables: Record<string, unknown> };
    };
    expect(Environment.Variables["NODE_OPTIONS"]).toBe("--enable-source-maps");
  });

  it.each(functionsOf(name))(
    "builds the variables of the %s from literals and Refs only, so that the embedded AWS can resolve them",
    (id) => {
      const made = Object.values(templates[name].variablesOf(id)).filter((value) => typeof value !== "string");
      expect(made).not.toEqual([]);
      expect(made).toEqual(made.map(() => ({ Ref: expect.any(String) })));
    },
  );

  it("outputs the name or URL of each queue, table, bucket, event bus and function that users need", () => {
    expect(templates[name].outputs).toEqual([
      "QueueUrl",
      "UrgentQueueUrl",
      "LongQueueUrl",
      "DeadLetterQueueUrl",
      "TableName",
      "StagingBucketName",
      "ContentBucketName",
      "EventBusName",
      "StreamDeadLetterQueueUrl",
      "ArchiveBucketName",
      "BatchesBucketName",
      "DeploymentName",
      "WorkerFunctionName",
      "LongWorkerFunctionName",
      "ReconcilerFunctionName",
      "BatchesFunctionName",
      "AnnouncerFunctionName",
      ...(name === "local" ? [] : ["RolloutFunctionName"]),
      ...(isArchived(name) ? ["ArchiverFunctionName"] : []),
    ]);
  });

  it("leaves physical names to CloudFormation, so that any resource can be replaced", () => {
    const names = ["TableName", "QueueName", "BucketName", "RoleName", "LogGroupName"];
    const named = templates[name].resources.filter(({ properties }) =>
      names.some((property) => property in properties),
    );
    expect(named).toEqual([]);
    const functions = templates[name].all("AWS::Lambda::Function");
    expect(functions.filter(({ properties }) => "FunctionName" in properties)).toEqual([]);
  });
});

it("prod has every function that the operators' commands know, and they know all that it has", () => {
  const functions = templates.prod.outputs.filter((name) => name.endsWith("FunctionName"));
  expect(functions.toSorted()).toEqual(Object.values(FUNCTION_OUTPUTS).toSorted());
});

/** A version's logical id changes whenever its function changes, even if only a variable does. */
const HASH_OF_A_VERSION = /(?<=CurrentVersion[0-9A-F]{8})[0-9a-f]{32}$/;

describe("the stack of local", () => {
  it("has the resources of dev without Monitoring and Rollout: values differ, resources do not", () => {
    const [local, dev] = [templates.local, templates.dev].map(({ resources }) =>
      resources
        .filter(({ id }) => !/^(Monitoring|Rollout)/.test(id))
        .map(({ id, type }) => ({ id: id.replace(HASH_OF_A_VERSION, ""), type })),
    );
    expect(templates.local.resources.length).toBe(local?.length);
    expect(local).toEqual(dev);
  });
});
