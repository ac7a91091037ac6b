import { DescribeTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { GetBucketLifecycleConfigurationCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { GetQueueAttributesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startDynamoDb } from "../../embedded-aws/aws/dynamodb.ts";
import { eventSourceOf, functionNamed, scheduleOf } from "../../embedded-aws/lambda/functions.ts";
import { makeResources, refuseUnknownTypes } from "../../embedded-aws/template/resources.ts";
import type { AwsClients } from "../../embedded-aws/template/resources.ts";
import { startEmbeddedS3 } from "../../embedded-aws/s3/server.ts";
import { startSqs } from "../../embedded-aws/aws/sqs.ts";
import { synthesize } from "../../embedded-aws/template/synth.ts";
import { outputOf, parseTemplates, physicalNames, resolverOf } from "../../embedded-aws/template/template.ts";
import type { Template } from "../../embedded-aws/template/template.ts";

const key = (name: string, type: string): object => ({ AttributeName: name, KeyType: type });

const RESOURCES = {
  Table0A1B2C3D: {
    Type: "AWS::DynamoDB::Table",
    Properties: {
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [
        { AttributeName: "pk", AttributeType: "S" },
        { AttributeName: "shard", AttributeType: "N" },
      ],
      KeySchema: [key("pk", "HASH")],
      GlobalSecondaryIndexes: [
        { IndexName: "watch", KeySchema: [key("shard", "HASH")], Projection: { ProjectionType: "KEYS_ONLY" } },
      ],
      TimeToLiveSpecification: { AttributeName: "expires_at", Enabled: true },
    },
  },
  Queue0A1B2C3D: {
    Type: "AWS::SQS::Queue",
    Properties: {
      VisibilityTimeout: 90,
      RedrivePolicy: { deadLetterTargetArn: { "Fn::GetAtt": ["Dead0A1B2C3D", "Arn"] }, maxReceiveCount: 5 },
    },
  },
  Dead0A1B2C3D: { Type: "AWS::SQS::Queue" },
  Content0A1B2C3D: {
    Type: "AWS::S3::Bucket",
    Properties: {
      LifecycleConfiguration: {
        Rules: [
          { Id: "Abort", Status: "Enabled", AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } },
          { Id: "Expire", Status: "Enabled", ExpirationInDays: 7, Prefix: "tmp/" },
        ],
      },
    },
  },
  ContentPolicy0A1B2C3D: {
    Type: "AWS::S3::BucketPolicy",
    Properties: {
      Bucket: { Ref: "Content0A1B2C3D" },
      PolicyDocument: {
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Deny",
            Principal: { AWS: "*" },
            Action: "s3:PutObject",
            Resource: { "Fn::Join": ["", [{ "Fn::GetAtt": ["Content0A1B2C3D", "Arn"] }, "/*"]] },
            Condition: { Null: { "s3:if-none-match": "true" }, Bool: { "s3:ObjectCreationOperation": "true" } },
          },
        ],
      },
    },
  },
  Role0A1B2C3D: { Type: "AWS::IAM::Role" },
  Worker0A1B2C3D: {
    Type: "AWS::Lambda::Function",
    Properties: {
      Code: { S3Bucket: { "Fn::Sub": "assets-${AWS::AccountId}-${AWS::Region}" }, S3Key: "abc.zip" },
      Handler: "index.handler",
      Role: { "Fn::GetAtt": ["Role0A1B2C3D", "Arn"] },
      Timeout: 15,
      Environment: {
        Variables: {
          TABLE_NAME: { Ref: "Table0A1B2C3D" },
          QUEUE_URL: { Ref: "Queue0A1B2C3D" },
          WHERE: { "Fn::Sub": "${AWS::Region}/${Queue0A1B2C3D.QueueName}" },
        },
      },
    },
  },
  Mapping0A1B2C3D: {
    Type: "AWS::Lambda::EventSourceMapping",
    Properties: {
      FunctionName: { Ref: "Worker0A1B2C3D" },
      EventSourceArn: { "Fn::GetAtt": ["Queue0A1B2C3D", "Arn"] },
      BatchSize: 7,
      MaximumBatchingWindowInSeconds: 2,
      FunctionResponseTypes: ["ReportBatchItemFailures"],
    },
  },
  Schedule0A1B2C3D: {
    Type: "AWS::Events::Rule",
    Properties: {
      ScheduleExpression: "rate(5 minutes)",
      State: "ENABLED",
      Targets: [{ Id: "Target0", Arn: { "Fn::GetAtt": ["Worker0A1B2C3D", "Arn"] } }],
    },
  },
};
const OUTPUTS = { QueueUrl: { Value: { Ref: "Queue0A1B2C3D" } } };

const templateOf = (resources: object, outputs: object = {}): Template =>
  parseTemplates([JSON.stringify({ Resources: resources, Outputs: outputs })]);
const template = templateOf(RESOURCES, OUTPUTS);

let folder = "";
let clients: AwsClients;
const stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fetchonce-template-"));
  const services = [await startDynamoDb({}), await startEmbeddedS3({ stateDir: folder }), await startSqs()];
  stops.push(...services.map((service) => async () => service.stop()));
  const [dynamodb = "", s3 = "", sqs = ""] = services.map((service) => service.endpoint);
  const common = { region: "us-east-1", credentials: { accessKeyId: "local", secretAccessKey: "local" } };
  clients = {
    dynamodb: new DynamoDBClient({ ...common, endpoint: dynamodb }),
    s3: new S3Client({ ...common, endpoint: s3, forcePathStyle: true }),
    sqs: new SQSClient({ ...common, endpoint: sqs }),
  };
});
afterAll(async () => {
  for (const client of Object.values(clients)) client.destroy();
  for (const stop of stops) await stop();
  await rm(folder, { recursive: true });
});

describe("local resources made from a template", () => {
  it("have the template's properties, also after they are made a second time", async () => {
    await makeResources(template, clients);
    const resolve = await makeResources(template, clients);

    const table = await clients.dynamodb.send(new DescribeTableCommand({ TableName: "fetchonce-local-table" }));
    expect(table.Table?.GlobalSecondaryIndexes).toMatchObject([
      { IndexName: "watch", KeySchema: [key("shard", "HASH")], Projection: { ProjectionType: "KEYS_ONLY" } },
    ]);
    const queue = await clients.sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: outputOf(template, resolve, "QueueUrl"), AttributeNames: ["All"] }),
    );
    expect(queue.Attributes).toMatchObject({
      VisibilityTimeout: "90",
      RedrivePolicy: JSON.stringify({
        deadLetterTargetArn: "arn:aws:sqs:us-east-1:000000000000:fetchonce-local-dead",
        maxReceiveCount: 5,
      }),
    });
    const lifecycle = await clients.s3.send(
      new GetBucketLifecycleConfigurationCommand({ Bucket: "fetchonce-local-content" }),
    );
    expect(lifecycle.Rules).toMatchObject([
      { ID: "Abort", AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } },
      { ID: "Expire", Expiration: { Days: 7 }, Filter: { Prefix: "tmp/" } },
    ]);
  });

  it("enforce the bucket policy", async () => {
    await makeResources(template, clients);
    const put = { Bucket: "fetchonce-local-content", Key: "a", Body: "a" };
    await expect(clients.s3.send(new PutObjectCommand(put))).rejects.toMatchObject({ name: "AccessDenied" });
    await clients.s3.send(new PutObjectCommand({ ...put, IfNoneMatch: "*" }));
  });

  it("are refused by name if the embedded AWS does not know their type", () => {
    const drifted = templateOf({ ...RESOURCES, Topic0A1B2C3D: { Type: "AWS::SNS::Topic" } });
    expect(() => refuseUnknownTypes(drifted)).toThrow(
      /AWS::SNS::Topic \(Topic0A1B2C3D\), a type that the embedded AWS does not know/,
    );
  });
});

describe("local functions read from a template", () => {
  it("have resolved variables, and the timeout, event source and schedule of the template", async () => {
    const resolve = await makeResources(template, clients);
    const url = outputOf(template, resolve, "QueueUrl");
    expect(functionNamed(template, resolve, "fetchonce-local-worker")).toEqual({
      name: "fetchonce-local-worker",
      asset: "asset.abc",
      handler: "index.handler",
      timeoutMs: 15_000,
      variables: {
        TABLE_NAME: "fetchonce-local-table",
        QUEUE_URL: url,
        WHERE: "us-east-1/fetchonce-local-queue",
      },
    });
    expect(eventSourceOf(template, resolve, "fetchonce-local-worker")).toEqual({
      arn: "arn:aws:sqs:us-east-1:000000000000:fetchonce-local-queue",
      batchSize: 7,
      batchingWindowMs: 2000,
      reportsPartialFailures: true,
      bisectsBatches: false,
      filters: [],
    });
    expect(scheduleOf(template, resolve, "fetchonce-local-worker")).toBe(300_000);
  });

  it.each([
    { missing: "the function", read: functionNamed, says: /no Lambda function ghost/ },
    { missing: "its event source", read: eventSourceOf, says: /no event source mapping for ghost/ },
    { missing: "its schedule", read: scheduleOf, says: /no schedule for ghost/ },
  ])("are reported by name if the template lacks $missing", ({ read, says }) => {
    const queueUrls = new Map([["Queue0A1B2C3D", "http://127.0.0.1/queue"]]);
    expect(() => read(template, resolverOf(template, queueUrls), "ghost")).toThrow(says);
  });

  it("are refused if their schedule is not in minutes", () => {
    const cron = { ...RESOURCES.Schedule0A1B2C3D.Properties, ScheduleExpression: "cron(0 12 * * ? *)" };
    const noon = templateOf({ ...RESOURCES, Schedule0A1B2C3D: { Type: "AWS::Events::Rule", Properties: cron } });
    expect(() => scheduleOf(noon, resolverOf(noon, new Map()), "fetchonce-local-worker")).toThrow(
      'not "cron(0 12 * * ? *)"',
    );
  });
});

describe("the embedded AWS's intrinsic functions", () => {
  it("resolve an alias to its ARN, and the function's name from that", () => {
    const live = { Type: "AWS::Lambda::Alias", Properties: { FunctionName: { Ref: "Worker0A1B2C3D" }, Name: "live" } };
    const resolve = resolverOf(templateOf({ ...RESOURCES, Live0A1B2C3D: live }), new Map());
    expect(resolve({ Ref: "Live0A1B2C3D" })).toBe(
      "arn:aws:lambda:us-east-1:000000000000:function:fetchonce-local-worker:live",
    );
    expect(resolve({ "Fn::Select": [6, { "Fn::Split": [":", { Ref: "Live0A1B2C3D" }] }] })).toBe(
      "fetchonce-local-worker",
    );
  });

  it.each([
    { value: { Ref: "Nobody" }, says: /refers to Nobody, which is not one of its resources/ },
    { value: { Ref: "Queue0A1B2C3D" }, says: /needs the URL of Queue0A1B2C3D before that queue is created/ },
    {
      value: { "Fn::GetAtt": ["Nobody", "Arn"] },
      says: /refers to Nobody\.Arn, but Nobody is not one of its resources/,
    },
    { value: { "Fn::GetAtt": ["Table0A1B2C3D", "TableId"] }, says: /does not know Table0A1B2C3D\.TableId/ },
    { value: { deep: [{ "Fn::ImportValue": "x" }] }, says: /does not know Fn::ImportValue/ },
  ])("fail with the name of what they cannot resolve: $value", ({ value, says }) => {
    expect(() => resolverOf(template, new Map())(value)).toThrow(says);
  });

  it("fail if two resources would get the same name", () => {
    const clash = templateOf({ Dead0A1B2C3D: { Type: "AWS::SQS::Queue" }, Dead00000000: { Type: "AWS::SQS::Queue" } });
    expect(() => physicalNames(clash)).toThrow(/Dead0A1B2C3D and Dead00000000 would both be called/);
  });
});

describe("the synthesized stack of the environment local", () => {
  it(
    "is synthesized once by two runs that start together, and has everything that the embedded AWS needs",
    { timeout: 120_000 },
    async () => {
      const cache = join(folder, "cache");
      const [first, second] = await Promise.all([synthesize(cache), synthesize(cache)]);
      expect(second.folder).toBe(first.folder);
      expect(await readdir(cache)).toHaveLength(1);

      const resolve = await makeResources(first.template, clients);
      const [worker, reconciler] = ["WorkerFunctionName", "ReconcilerFunctionName"].map((output) =>
        functionNamed(first.template, resolve, outputOf(first.template, resolve, output)),
      );
      for (const asset of [worker?.asset, reconciler?.asset]) {
        expect(existsSync(join(first.folder, String(asset), "index.mjs"))).toBe(true);
      }
      expect(worker?.variables["QUEUE_URL"]).toBe(outputOf(first.template, resolve, "QueueUrl"));
      expect(eventSourceOf(first.template, resolve, String(worker?.name)).reportsPartialFailures).toBe(true);
      expect(scheduleOf(first.template, resolve, String(reconciler?.name))).toBe(60_000);
    },
  );
});
