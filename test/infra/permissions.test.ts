import { beforeAll, describe, expect, it } from "vitest";
import { contentKey, stagingKey } from "../../core/model/keys.ts";
import { type Synthesized, synthesized, temporaryFolder } from "./synthesize.ts";

interface Statement {
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource: unknown;
}

const FUNCTIONS = ["Worker", "LongWorker", "Reconciler", "Batches", "Announcer", "Archiver", "Rollout"];
const outdir = temporaryFolder();
let prod: Synthesized;

beforeAll(async () => {
  prod = await synthesized("prod", outdir);
});

const listOf = <T>(oneOrMany: T | T[]): T[] => (Array.isArray(oneOrMany) ? oneOrMany : [oneOrMany]);

/** `Table.Arn/index/watch` for a Fn::Join over a Fn::GetAtt, without the hash that ends a logical id. */
function nameOf(resource: unknown): string {
  if (typeof resource === "string") return resource;
  const { "Fn::GetAtt": attribute, "Fn::Join": join } = resource as {
    "Fn::GetAtt"?: [string, string];
    "Fn::Join"?: [string, unknown[]];
  };
  if (attribute) return `${attribute[0].replace(/[0-9A-F]{8}$/, "")}.${attribute[1]}`;
  if (join) return join[1].map((piece) => nameOf(piece)).join(join[0]);
  throw new Error(`Unknown intrinsic function: ${JSON.stringify(resource)}`);
}

/** `action resource` for each permission, sorted. */
function permissionsOf(functionId: string): string[] {
  const { PolicyDocument } = prod.one("AWS::IAM::Policy", functionId).properties as {
    PolicyDocument: { Statement: Statement[] };
  };
  return PolicyDocument.Statement.flatMap(({ Effect, Action, Resource }) =>
    listOf(Resource).flatMap((resource) =>
      listOf(Action).map((action) => `${Effect === "Allow" ? "" : `${Effect} `}${action} ${nameOf(resource)}`),
    ),
  ).sort();
}

describe("permissions", () => {
  it.each([
    { id: "Worker", own: ["WorkQueue", "WorkUrgentQueue"], other: ["sqs:SendMessage WorkLongQueue.Arn"] },
    { id: "LongWorker", own: ["WorkLongQueue"], other: [] },
  ])("of the $id are exactly these: what its code and its event sources need", ({ id, other, own }) => {
    const wanted = [
      "dynamodb:GetItem Table.Arn",
      "dynamodb:UpdateItem Table.Arn",
      `logs:CreateLogStream ${id}Logs.Arn`,
      `logs:PutLogEvents ${id}Logs.Arn`,
      "s3:AbortMultipartUpload Content.Arn/sha256/*",
      "s3:AbortMultipartUpload Staging.Arn/staging/*/*",
      "s3:DeleteObject Staging.Arn/staging/*/*",
      "s3:GetObject Content.Arn/sha256/*",
      "s3:GetObject Staging.Arn/staging/*/*",
      "s3:ListBucket Content.Arn",
      "s3:ListBucket Staging.Arn",
      "s3:ListBucketMultipartUploads Content.Arn",
      "s3:ListMultipartUploadParts Content.Arn/sha256/*",
      "s3:ListMultipartUploadParts Staging.Arn/staging/*/*",
      "s3:PutObject Content.Arn/sha256/*",
      "s3:PutObject Staging.Arn/staging/*/*",
      ...own.flatMap((queue) =>
        ["ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "ReceiveMessage", "SendMessage"].map(
          (action) => `sqs:${action} ${queue}.Arn`,
        ),
      ),
      "sqs:SendMessage WorkDeadLetters.Arn",
      ...other,
    ];
    expect(permissionsOf(id)).toEqual(wanted.toSorted());
  });

  it("of the reconciler are exactly these: what its code needs", () => {
    expect(permissionsOf("Reconciler")).toEqual([
      "dynamodb:BatchGetItem Table.Arn",
      "dynamodb:GetItem Table.Arn",
      "dynamodb:Query Table.Arn/index/watch",
      "dynamodb:UpdateItem Table.Arn",
      "logs:CreateLogStream ReconcilerLogs.Arn",
      "logs:PutLogEvents ReconcilerLogs.Arn",
      "s3:AbortMultipartUpload Staging.Arn/staging/*/*",
      "s3:DeleteObject Staging.Arn/staging/*/*",
      "s3:ListBucket Staging.Arn",
      "s3:ListBucketMultipartUploads Staging.Arn",
      "sqs:SendMessage WorkLongQueue.Arn",
      "sqs:SendMessage WorkQueue.Arn",
    ]);
  });

  it("of the function that follows batches are exactly these: what its code needs", () => {
    expect(permissionsOf("Batches")).toEqual([
      "dynamodb:BatchGetItem Table.Arn",
      "dynamodb:GetItem Table.Arn",
      "dynamodb:Query Table.Arn/index/watch",
      "dynamodb:UpdateItem Table.Arn",
      "events:PutEvents Announcements.Arn",
      "logs:CreateLogStream BatchesLogs.Arn",
      "logs:PutLogEvents BatchesLogs.Arn",
      "s3:GetObject Archive.Arn/batches/*",
      "s3:GetObject Archive.Arn/lists/*",
      // S3 answers 404 only to a caller that has it.
      "s3:ListBucket Archive.Arn",
      "s3:PutObject Archive.Arn/batches/*",
      "sqs:SendMessage WorkQueue.Arn",
    ]);
  });

  it("of the rollout controller are exactly these: what its code needs", () => {
    expect(permissionsOf("Rollout")).toEqual([
      "cloudwatch:DescribeAlarms *",
      "dynamodb:GetItem Table.Arn",
      "dynamodb:UpdateItem Table.Arn",
      "logs:CreateLogStream RolloutLogs.Arn",
      "logs:PutLogEvents RolloutLogs.Arn",
    ]);
  });

  const READS_THE_STREAM = ["DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"].map(
    (action) => `dynamodb:${action} Table.StreamArn`,
  );

  it.each([
    { id: "Announcer", does: ["events:PutEvents Announcements.Arn"] },
    {
      id: "Archiver",
      does: [
        "s3:PutObject Archive.Arn/ledger/*",
        // Lambda itself, for batches that it gave up.
        "s3:PutObject Archive.Arn/aws/lambda/*",
        "s3:ListBucket Archive.Arn",
      ],
    },
  ])("of the $id are exactly: read the stream, log, dead-letter bad records, $does", ({ id, does }) => {
    const logs = ["CreateLogStream", "PutLogEvents"].map((action) => `logs:${action} ${id}Logs.Arn`);
    expect(permissionsOf(id)).toEqual(
      [...READS_THE_STREAM, ...logs, ...does, "sqs:SendMessage StreamDeadLetters.Arn"].toSorted(),
    );
  });

  it("have a wildcard only in object keys, made at run time, and where the service accepts nothing narrower", () => {
    const wild = FUNCTIONS.flatMap(permissionsOf).filter((permission) => permission.includes("*"));
    const patterns = wild.map((permission) => permission.replace(/^s3:[A-Za-z]+ /, ""));
    expect([...new Set(patterns)].sort()).toEqual([
      "Archive.Arn/aws/lambda/*",
      "Archive.Arn/batches/*",
      "Archive.Arn/ledger/*",
      "Archive.Arn/lists/*",
      "Content.Arn/sha256/*",
      "Staging.Arn/staging/*/*",
      "cloudwatch:DescribeAlarms *",
    ]);
  });

  it.each([
    { key: contentKey("ab".repeat(32)), pattern: "sha256/*" },
    { key: stagingKey("ab".repeat(16), "7"), pattern: "staging/*/*" },
  ])("on $pattern cover the object keys that core makes", ({ key, pattern }) => {
    expect(key).toMatch(new RegExp(`^${pattern.replaceAll("*", ".+")}$`));
  });

  it("come only from the functions' own policies; CodeDeploy, which shifts the alias, has an AWS managed one", () => {
    const sources = prod.resources
      .filter(({ type }) => type.startsWith("AWS::IAM::"))
      .map(({ id, type, properties }) => ({
        is: `${type} ${id.replace(/[0-9A-F]{8}$/, "")}`,
        managed: JSON.stringify(properties["ManagedPolicyArns"])?.match(/service-role\/[A-Za-z]+/g),
      }));
    const own = FUNCTIONS.flatMap((id) => [`AWS::IAM::Policy ${id}RoleDefaultPolicy`, `AWS::IAM::Role ${id}Role`]);
    expect(sources.toSorted((a, b) => (a.is < b.is ? -1 : 1))).toEqual(
      [
        ...own.map((is) => ({ is, managed: undefined })),
        ...["CodeRollout", "LongCodeRollout"].map((id) => ({
          is: `AWS::IAM::Role ${id}DeploymentsServiceRole`,
          managed: ["service-role/AWSCodeDeployRoleForLambdaLimited"],
        })),
      ].toSorted((a, b) => (a.is < b.is ? -1 : 1)),
    );
  });
});
