import { marshall } from "@aws-sdk/util-dynamodb";
import { App, Stack } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import type { CfnTable } from "aws-cdk-lib/aws-dynamodb";
import type { CfnBucket } from "aws-cdk-lib/aws-s3";
import { CURRENTLY_RECOMMENDED_FLAGS } from "aws-cdk-lib/cx-api";
import { beforeAll, describe, expect, it } from "vitest";
import type { Item } from "../../core/model/write.ts";
import { cancelMessage } from "../../core/recovery/cancel-jobs.ts";
import { ContentBucket } from "../../infra/data/content-bucket.ts";
import { JobsTable } from "../../infra/data/jobs-table.ts";
import { PrivateBucket } from "../../infra/data/private-bucket.ts";
import { type EnvironmentName, ENVIRONMENTS } from "../../infra/environments/environments.ts";
import { archiverEnv } from "../../lambdas/archiver/env.ts";
import { matches } from "../embedded-aws/events/pattern.ts";
import { fileOrigin, MESSAGE, world } from "../simulation/world.ts";
import { environmentNames, type Synthesized, synthesized, temporaryFolder } from "./synthesize.ts";

const outdir = temporaryFolder();
const templates = {} as Record<EnvironmentName, Synthesized>;

beforeAll(async () => {
  for (const name of environmentNames) templates[name] = await synthesized(name, outdir);
});

function filterOf(template: Synthesized, functionId: string): (record: object) => boolean {
  const { FilterCriteria } = template.one("AWS::Lambda::EventSourceMapping", functionId).properties as {
    FilterCriteria: { Filters: { Pattern: string }[] };
  };
  return (record) => FilterCriteria.Filters.some(({ Pattern }) => matches(JSON.parse(Pattern), record));
}

const recordOf = (before: Item | undefined, after: Item | undefined, more: object = {}): object => ({
  eventName: before ? (after ? "MODIFY" : "REMOVE") : "INSERT",
  dynamodb: {
    Keys: { pk: { S: (before ?? after)?.["pk"] } },
    ...(before && { OldImage: marshall(before) }),
    ...(after && { NewImage: marshall(after) }),
  },
  ...more,
});

const BY_TTL = { userIdentity: { type: "Service", principalId: "dynamodb.amazonaws.com" } };

describe.each(environmentNames)("the table's stream in %s", (name) => {
  it("contains each item as it was before and after a write", () => {
    expect(templates[name].one("AWS::DynamoDB::Table").properties).toMatchObject({
      StreamSpecification: { StreamViewType: "NEW_AND_OLD_IMAGES" },
    });
  });

  it("has two readers where records are archived and otherwise one; DynamoDB advises at most two", () => {
    const readers = templates[name]
      .all("AWS::Lambda::EventSourceMapping")
      .filter(({ properties }) => JSON.stringify(properties["EventSourceArn"]).includes("StreamArn"));
    expect(readers.length).toBe(ENVIRONMENTS[name].expiredRecords === "archive" ? 2 : 1);
  });

  it("is read by the announcer from its oldest record; failed records are retried until the stream drops them", () => {
    expect(templates[name].one("AWS::Lambda::EventSourceMapping", "Announcer").properties).toEqual({
      EventSourceArn: { "Fn::GetAtt": [templates[name].one("AWS::DynamoDB::Table").id, "StreamArn"] },
      FunctionName: { Ref: templates[name].one("AWS::Lambda::Function", "Announcer").id },
      StartingPosition: "TRIM_HORIZON",
      BatchSize: 100,
      MaximumBatchingWindowInSeconds: 1,
      BisectBatchOnFunctionError: true,
      FunctionResponseTypes: ["ReportBatchItemFailures"],
      FilterCriteria: { Filters: [expect.anything(), expect.anything()] },
      // No maximum number of attempts or age: Lambda retries until the stream drops the record, a day later.
      DestinationConfig: {
        OnFailure: {
          Destination: { "Fn::GetAtt": [templates[name].one("AWS::SQS::Queue", "StreamDeadLetters").id, "Arn"] },
        },
      },
    });
  });

  it("passes the announcer one record per job, the one by which it ended, and none for other writes", async () => {
    const w = world();
    w.serve(fileOrigin(Buffer.from("a body of more than two parts")));
    await w.deliver();
    await w.deliver({ ...MESSAGE, artifact_id: "twin" });
    w.serve(() => {
      throw new Error("nobody asks again");
    });
    await w.deliver({ ...MESSAGE, artifact_id: "private", url: "http://127.0.0.1/" });
    await cancelMessage(w.deps, { ...MESSAGE, artifact_id: "cancelled" });
    const passes = filterOf(templates[name], "Announcer");
    const shown = w.items.history.filter(({ before, after }) => passes(recordOf(before, after)));
    expect(w.items.history.length).toBeGreaterThan(12);
    expect(shown.map(({ after }) => [after["artifact_id"], after["state"]])).toEqual([
      ["artifact", "INDEXED"],
      ["twin", "DEDUPED"],
      ["private", "FAILED"],
      ["cancelled", "FAILED"],
    ]);
    const [{ after } = { after: {} }] = shown;
    const { after: failed = {} } = shown.at(-2) ?? {};
    expect(passes(recordOf(failed, { ...failed, state: "LEASED" }))).toBe(false);
    expect(passes(recordOf(after, { ...after, touched: 1 }))).toBe(false);
    expect(passes(recordOf(after, undefined, BY_TTL))).toBe(false);
    expect(passes(recordOf(undefined, after))).toBe(false);
  });
});

describe("expired records", () => {
  it.each([
    { name: "prod" as const, removed: true, archived: true },
    { name: "staging" as const, removed: true, archived: true },
    { name: "dev" as const, removed: true, archived: false },
    { name: "local" as const, removed: true, archived: false },
  ])("in $name: removed $removed, archived $archived", ({ name, removed, archived }) => {
    const { properties } = templates[name].one("AWS::DynamoDB::Table");
    expect(properties["TimeToLiveSpecification"]).toEqual(
      removed ? { AttributeName: "expires_at", Enabled: true } : undefined,
    );
    const archivers = templates[name].resources.filter(({ id }) => id.startsWith("Archiver"));
    expect(archivers.length > 0).toBe(archived);
    // The bucket stays when archiving is turned off: what it holds must not be deleted.
    expect(() => templates[name].one("AWS::S3::Bucket", "Archive")).not.toThrow();
  });

  it("stay in a table that keeps them: it has no TTL", () => {
    const stack = new Stack(new App({ context: CURRENTLY_RECOMMENDED_FLAGS }));
    const table = new JobsTable(stack, "Table", {
      protectData: true,
      pointInTimeRecovery: true,
      expiredRecords: "keep",
      warmJobsASecond: undefined,
    });
    const described = Template.fromStack(stack).toJSON() as { Resources: Record<string, { Properties: object }> };
    const { Properties } = described.Resources[stack.getLogicalId(table.node.defaultChild as CfnTable)] ?? {};
    expect(Properties).toMatchObject({ BillingMode: "PAY_PER_REQUEST" });
    expect(Properties).not.toHaveProperty("TimeToLiveSpecification");
  });

  it("are all that the archiver gets, jobs or not, so that it is started whenever something expires: up to 1000 in a batch, retried whole for 23 h and then put into the archive", () => {
    const { properties } = templates.prod.one("AWS::Lambda::EventSourceMapping", "Archiver");
    expect(properties).toMatchObject({
      StartingPosition: "TRIM_HORIZON",
      BatchSize: 1000,
      MaximumBatchingWindowInSeconds: 300,
      BisectBatchOnFunctionError: false,
      MaximumRecordAgeInSeconds: 82_800,
      DestinationConfig: {
        OnFailure: { Destination: { "Fn::GetAtt": [templates.prod.one("AWS::S3::Bucket", "Archive").id, "Arn"] } },
      },
    });
    expect(Object.keys(properties)).not.toContain("FunctionResponseTypes");
    const passes = filterOf(templates.prod, "Archiver");
    const job = { pk: "JOB#1", state: "INDEXED" };
    expect(passes(recordOf(job, undefined, BY_TTL))).toBe(true);
    expect(passes(recordOf(job, undefined))).toBe(false);
    expect(passes(recordOf({ pk: "HASH#1" }, undefined, BY_TTL))).toBe(true);
    expect(passes(recordOf(job, job))).toBe(false);
  });

  it("are archived by a function with exactly the variables that its env.ts declares, with values it accepts", () => {
    const declared = Object.keys(archiverEnv.shape);
    expect(Object.keys(templates.prod.variablesOf("Archiver")).sort()).toEqual(declared.sort());
    expect(archiverEnv.safeParse(templates.prod.deployedVariablesOf("Archiver")).error).toBeUndefined();
  });
});

describe("content", () => {
  it.each([
    { retentionDays: undefined, expirations: [] },
    { retentionDays: 400, expirations: [400] },
  ])("with a retention of $retentionDays days is removed by S3 after $expirations days", (row) => {
    const stack = new Stack(new App({ context: CURRENTLY_RECOMMENDED_FLAGS }));
    const accessLogs = new PrivateBucket(stack, "AccessLogs", { protectData: false, lifecycleRules: [] });
    const { retentionDays } = row;
    const content = new ContentBucket(stack, "Content", { protectData: false, accessLogs, retentionDays });
    const described = Template.fromStack(stack).toJSON() as {
      Resources: Record<string, { Properties: { LifecycleConfiguration: { Rules: { ExpirationInDays?: number }[] } } }>;
    };
    const id = stack.getLogicalId(content.node.defaultChild as CfnBucket);
    const rules = described.Resources[id]?.Properties.LifecycleConfiguration.Rules ?? [];
    expect(rules.length).toBe(1 + row.expirations.length);
    expect(rules.flatMap(({ ExpirationInDays }) => ExpirationInDays ?? [])).toEqual(row.expirations);
  });
});
