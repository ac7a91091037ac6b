/** What the construct gives to who submits lists as batches, and to who waits for their reports. */
import { join } from "node:path";
import { SqsQueue } from "aws-cdk-lib/aws-events-targets";
import { AttributeType, type ITable, StreamViewType, Table, TableEncryption } from "aws-cdk-lib/aws-dynamodb";
import { ArnPrincipal, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { type IKey, Key } from "aws-cdk-lib/aws-kms";
import { Queue } from "aws-cdk-lib/aws-sqs";
import type { Stack } from "aws-cdk-lib/core";
import { describe, expect, it } from "vitest";
import { batchItemKey } from "../../../core/batches/batch-record.ts";
import type { FetchonceProps } from "../../../infra/construct/fetchonce.ts";
import { type Synthesized, temporaryFolder } from "../../infra/synthesize.ts";
import { embedding } from "../../infra/construct/apps.ts";

const folder = temporaryFolder();
let apps = 0;
const inApp = (propsIn?: (stack: Stack) => FetchonceProps) => embedding(join(folder, `app-${(apps += 1)}`), propsIn);

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
  readonly Principal?: unknown;
}

const roleIn = (stack: Stack, id: string): Role =>
  new Role(stack, id, { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });

const statementsOf = (template: Synthesized, id: string): readonly Statement[] =>
  (template.one("AWS::IAM::Policy", id).properties as { PolicyDocument: { Statement: Statement[] } }).PolicyDocument
    .Statement;

/** What the role may do with its customer's keys, and with which. */
const keyActionsOf = (template: Synthesized, id: string) =>
  statementsOf(template, id)
    .map(({ Action, Resource }) => ({ actions: [Action].flat(), key: JSON.stringify(Resource) }))
    .filter(({ actions }) => actions.some((action) => action.startsWith("kms:")));

const arnOf = (id: string) => ({ "Fn::GetAtt": [expect.stringMatching(new RegExp(`^${id}[0-9A-F]{8}$`)), "Arn"] });
const LISTS = { "Fn::Join": ["", [arnOf("PapersArchive"), "/lists/*"]] };
const BATCH_FILES = { "Fn::Join": ["", [arnOf("PapersArchive"), "/batches/*"]] };

const aKey = (stack: Stack, id: string): IKey => new Key(stack, id, { enableKeyRotation: true });

describe("onBatch", () => {
  it("sends the ends of batches, and nothing else, to the target", () => {
    const { fetchonce, stack, synthesized } = inApp();
    fetchonce.onBatch("Ended", new SqsQueue(new Queue(stack, "Mine")));
    const { properties } = synthesized().one("AWS::Events::Rule", "PapersEnded");
    expect(properties["EventPattern"]).toEqual({ source: ["fetchonce"], "detail-type": ["Batch Ended"] });
    expect(JSON.stringify(properties["EventBusName"])).toContain("PapersAnnouncements");
    expect(properties["Targets"]).toHaveLength(1);
  });

  it("is refused where nothing is announced", () => {
    const { fetchonce } = inApp(() => ({ settings: { announcements: "none" } }));
    expect(() => fetchonce.onBatch("Ended")).toThrow("Crawler/Papers announces nothing.");
  });
});

describe("the function that follows batches", () => {
  const FOLLOWER = "PapersPipelineBatches";
  it.each([
    { announcements: "single", mayAnnounce: true, bus: { Ref: expect.stringMatching(/^PapersAnnouncements/) } },
    { announcements: "batched", mayAnnounce: true, bus: { Ref: expect.stringMatching(/^PapersAnnouncements/) } },
    { announcements: "none", mayAnnounce: false, bus: "" },
  ] as const)("with announcements $announcements knows the bus and may use it: $mayAnnounce", (given) => {
    const template = inApp(() => ({ settings: { announcements: given.announcements } })).synthesized();
    expect(template.variablesOf(`${FOLLOWER}Function`)["EVENT_BUS_NAME"]).toEqual(given.bus);
    const actions = statementsOf(template, `${FOLLOWER}Role`).flatMap(({ Action }) => Action);
    expect(actions.includes("events:PutEvents")).toBe(given.mayAnnounce);
  });
});

describe("grantSubmitBatch", () => {
  it("lets a producer send jobs, store the lines of batches, and write the records of batches, and nothing else", () => {
    const { fetchonce, stack, synthesized } = inApp();
    fetchonce.grantSubmitBatch(roleIn(stack, "Producer")).assertSuccess();
    const allowed = { Effect: "Allow" };
    expect(statementsOf(synthesized(), "Producer")).toEqual([
      {
        ...allowed,
        Action: ["dynamodb:GetItem", "dynamodb:UpdateItem"],
        Resource: arnOf("PapersTable"),
        Condition: { "ForAllValues:StringLike": { "dynamodb:LeadingKeys": ["BATCH#*"] } },
      },
      { ...allowed, Action: "sqs:SendMessage", Resource: arnOf("PapersWorkQueue") },
      { ...allowed, Action: ["s3:GetObject", "s3:PutObject"], Resource: BATCH_FILES },
    ]);
    expect(batchItemKey("1")).toBe("BATCH#1");
  });

  it("lets it use the customer's key for all that", () => {
    const { fetchonce, stack, synthesized } = inApp((in_) => ({ encryptionKey: aKey(in_, "Key") }));
    fetchonce.grantSubmitBatch(roleIn(stack, "Producer")).assertSuccess();
    const may = keyActionsOf(synthesized(), "Producer");
    expect([...new Set(may.flatMap(({ actions }) => actions))].toSorted()).toEqual([
      "kms:Decrypt",
      "kms:DescribeKey",
      "kms:Encrypt",
      "kms:GenerateDataKey",
      "kms:ReEncryptFrom",
      "kms:ReEncryptTo",
    ]);
    for (const { key } of may) expect(key).toMatch(/"Key[0-9A-F]{8}"/);
  });

  it("lets it use the key of a table that existed already", () => {
    const { fetchonce, stack, synthesized } = inApp((in_) => ({
      existing: {
        table: new Table(in_, "Jobs", {
          partitionKey: { name: "pk", type: AttributeType.STRING },
          stream: StreamViewType.NEW_AND_OLD_IMAGES,
          encryption: TableEncryption.CUSTOMER_MANAGED,
          encryptionKey: aKey(in_, "Theirs"),
        }) as ITable,
      },
    }));
    fetchonce.grantSubmitBatch(roleIn(stack, "Producer")).assertSuccess();
    expect(keyActionsOf(synthesized(), "Producer")).toMatchObject([{ key: expect.stringMatching(/"Theirs/) }]);
  });

  it("is refused to a producer of another account, whom no policy of the table lets in", () => {
    const { fetchonce } = inApp();
    const elsewhere = new ArnPrincipal("arn:aws:iam::222222222222:role/crawler");
    expect(() => fetchonce.grantSubmitBatch(elsewhere)).toThrow("Give it a role of the table's account");
  });
});

describe("onListRefused", () => {
  it("sends the news of refused lists, and nothing else, to the target", () => {
    const { fetchonce, stack, synthesized } = inApp();
    fetchonce.onListRefused("Refused", new SqsQueue(new Queue(stack, "Mine")));
    fetchonce.grantPutLists(roleIn(stack, "Producer")).assertSuccess();
    const template = synthesized();
    const { properties } = template.one("AWS::Events::Rule", "PapersRefused");
    expect(properties["EventPattern"]).toEqual({ source: ["fetchonce"], "detail-type": ["List Refused"] });
    expect(statementsOf(template, "Producer")).toEqual([
      { Effect: "Allow", Action: ["s3:PutObject", "s3:AbortMultipartUpload"], Resource: LISTS },
    ]);
  });
});

describe("grantPutLists", () => {
  it("lets a producer of another account put lists, by the bucket's policy and the customer's key", () => {
    const { fetchonce, synthesized } = inApp((in_) => ({ encryptionKey: aKey(in_, "Key") }));
    const AWS = "arn:aws:iam::222222222222:role/crawler";
    fetchonce.grantPutLists(new ArnPrincipal(AWS)).assertSuccess();
    const template = synthesized();
    const { id } = template.one("AWS::S3::Bucket", "PapersArchive");
    expect(template.statementsOn("AWS::S3::BucketPolicy", id)).toContainEqual({
      Effect: "Allow",
      Principal: { AWS },
      Action: ["s3:PutObject", "s3:AbortMultipartUpload"],
      Resource: LISTS,
    });
    const key = template.one("AWS::KMS::Key", "Key").properties as { KeyPolicy: { Statement: Statement[] } };
    const its = key.KeyPolicy.Statement.find(({ Principal }) => JSON.stringify(Principal) === JSON.stringify({ AWS }));
    expect(its?.Action).toContain("kms:Encrypt");
  });
});

describe("grantReadReports", () => {
  it("lets a consumer read the files of batches, and nothing else", () => {
    const { fetchonce, stack, synthesized } = inApp();
    fetchonce.grantReadReports(roleIn(stack, "Consumer")).assertSuccess();
    expect(statementsOf(synthesized(), "Consumer")).toEqual([
      { Effect: "Allow", Action: "s3:GetObject", Resource: BATCH_FILES },
    ]);
  });

  it("lets it decrypt them by the customer's key", () => {
    const { fetchonce, stack, synthesized } = inApp((in_) => ({ encryptionKey: aKey(in_, "Key") }));
    fetchonce.grantReadReports(roleIn(stack, "Consumer")).assertSuccess();
    expect(keyActionsOf(synthesized(), "Consumer")).toEqual([
      { actions: ["kms:Decrypt"], key: expect.stringMatching(/"Key[0-9A-F]{8}"/) },
    ]);
  });

  it("names a consumer of another account in the bucket's policy", () => {
    const { fetchonce, synthesized } = inApp();
    const AWS = "arn:aws:iam::222222222222:role/reader";
    fetchonce.grantReadReports(new ArnPrincipal(AWS)).assertSuccess();
    const template = synthesized();
    const { id } = template.one("AWS::S3::Bucket", "PapersArchive");
    expect(template.statementsOn("AWS::S3::BucketPolicy", id)).toContainEqual({
      Effect: "Allow",
      Principal: { AWS },
      Action: "s3:GetObject",
      Resource: BATCH_FILES,
    });
  });
});
