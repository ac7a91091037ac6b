/** What the construct makes for accounts with rules and resources of their own, and for apps that work with it. */
import { join } from "node:path";
import { AttributeType, type ITable, StreamViewType, Table } from "aws-cdk-lib/aws-dynamodb";
import { type IVpc, SecurityGroup, SubnetType, Vpc } from "aws-cdk-lib/aws-ec2";
import { EventBus } from "aws-cdk-lib/aws-events";
import { SqsQueue } from "aws-cdk-lib/aws-events-targets";
import { ManagedPolicy, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { type IKey, Key } from "aws-cdk-lib/aws-kms";
import { Bucket, type IBucket } from "aws-cdk-lib/aws-s3";
import { Topic } from "aws-cdk-lib/aws-sns";
import { Queue } from "aws-cdk-lib/aws-sqs";
import type { Stack } from "aws-cdk-lib/core";
import { describe, expect, it } from "vitest";
import type { FetchonceProps } from "../../../infra/construct/fetchonce.ts";
import { temporaryFolder } from "../../infra/synthesize.ts";
import { embed, embedding, usersApp, validated } from "../../infra/construct/apps.ts";

const folder = temporaryFolder();
let apps = 0;
const outdir = (): string => join(folder, `app-${(apps += 1)}`);
const inApp = (propsIn?: (stack: Stack) => FetchonceProps) => embedding(outdir(), propsIn);

const FUNCTIONS = ["Worker", "LongWorker", "Reconciler", "Batches", "Announcer", "Archiver", "Rollout"];
const functionIds = FUNCTIONS.map((name) => `PapersPipeline${name}Function`);

/** The library's own classes are not its own interfaces under exactOptionalPropertyTypes. */
function aVpc(stack: Stack): IVpc {
  const vpc = new Vpc(stack, "Vpc", { maxAzs: 2 }) as IVpc;
  vpc.addFlowLog("Flows");
  return vpc;
}
const aTopic = (stack: Stack, id: string): Topic =>
  new Topic(stack, id, { enforceSSL: true, masterKey: new Key(stack, `${id}Key`, { enableKeyRotation: true }) });
const aTable = (stack: Stack, stream?: StreamViewType): ITable =>
  new Table(stack, "Jobs", {
    partitionKey: { name: "pk", type: AttributeType.STRING },
    ...(stream && { stream }),
  }) as ITable;

/** Everything that an account may ask for, at once. */
const everything = (stack: Stack): FetchonceProps => {
  const key = new Key(stack, "Key", { enableKeyRotation: true }) as IKey;
  return {
    namePrefix: "acme-papers",
    encryptionKey: key,
    network: { vpc: aVpc(stack), endpoints: "all" },
    permissionsBoundary: ManagedPolicy.fromManagedPolicyName(stack, "Boundary", "developers"),
    tags: { team: "library" },
    alarmTopics: { page: aTopic(stack, "Page"), ticket: aTopic(stack, "Ticket") },
  };
};

describe("an account with rules of its own", () => {
  const made = () => inApp(everything);

  it("gets no violation of cdk-nag from the construct", () => {
    const users = usersApp(outdir());
    embed(users.stack, "Papers", {
      ...everything(users.stack),
      existing: { contentBucket: Bucket.fromBucketName(users.stack, "Content", "acme-library") },
    });
    expect(validated(users).broken).toEqual([]);
  });

  it("runs all functions in its VPC, in its private subnets, with a security group that nobody can reach", () => {
    const template = made().synthesized();
    for (const id of functionIds) {
      const { VpcConfig } = template.one("AWS::Lambda::Function", id).properties as {
        VpcConfig: { SubnetIds: unknown[]; SecurityGroupIds: unknown[] };
      };
      expect(VpcConfig.SubnetIds).toHaveLength(2);
      expect(JSON.stringify(VpcConfig.SubnetIds)).toContain("VpcPrivateSubnet1");
      expect(JSON.stringify(VpcConfig.SecurityGroupIds)).toContain("PapersPipelineFunctionsSecurityGroup");
    }
    const group = template.one("AWS::EC2::SecurityGroup", "PapersPipelineFunctionsSecurityGroup");
    expect(group.properties["SecurityGroupIngress"]).toBeUndefined();
  });

  it("gets the endpoints that it asks for", () => {
    const services = (endpoints: "none" | "gateway" | "all") =>
      inApp((stack) => ({ network: { vpc: aVpc(stack), endpoints } }))
        .synthesized()
        .all("AWS::EC2::VPCEndpoint")
        .map(({ id }) => id.replace(/^PapersPipeline(.*?)Endpoint.*/, "$1"))
        .toSorted();
    expect(services("none")).toEqual([]);
    expect(services("gateway")).toEqual(["DynamoDb", "S3"]);
    expect(services("all")).toEqual(["DynamoDb", "Events", "Monitoring", "S3", "Sqs"]);
  });

  it("may bring the subnets and the security group", () => {
    const template = inApp((stack) => {
      const vpc = aVpc(stack);
      const securityGroups = [new SecurityGroup(stack, "Ours", { vpc })];
      return {
        network: { vpc, subnets: { subnetType: SubnetType.PRIVATE_WITH_EGRESS, onePerAz: true }, securityGroups },
      };
    }).synthesized();
    expect(template.all("AWS::EC2::SecurityGroup").map(({ id }) => id)).toEqual([expect.stringMatching(/^Ours/)]);
  });

  it("has everything encrypted by its key, but the bucket of S3's access logs", () => {
    const template = made().synthesized();
    const KEY = /"Key[0-9A-F]{8}"/;
    const holders = {
      "AWS::DynamoDB::Table": "SSESpecification",
      "AWS::SQS::Queue": "KmsMasterKeyId",
      "AWS::S3::Bucket": "BucketEncryption",
      "AWS::Events::EventBus": "KmsKeyIdentifier",
      "AWS::Logs::LogGroup": "KmsKeyId",
      "AWS::Lambda::Function": "KmsKeyArn",
    };
    const plain = Object.entries(holders).flatMap(([type, property]) =>
      template
        .all(type)
        .filter(
          ({ id, properties }) => id.startsWith("Papers") && !KEY.test(JSON.stringify(properties[property] ?? "")),
        )
        .map(({ id }) => id),
    );
    expect(plain).toEqual([expect.stringMatching(/^PapersAccessLogs/)]);
  });

  it("lets each function use the key, and CloudWatch and EventBridge too", () => {
    const template = made().synthesized();
    for (const name of FUNCTIONS) {
      const { PolicyDocument } = template.one("AWS::IAM::Policy", `PapersPipeline${name}Role`).properties;
      expect(JSON.stringify(PolicyDocument)).toContain('"kms:GenerateDataKey"');
    }
    const policy = JSON.stringify(template.one("AWS::KMS::Key", "Key").properties["KeyPolicy"]);
    for (const service of ["logs.eu-central-1", "cloudwatch", "events"])
      expect(policy).toContain(`"${service}.amazonaws.com"`);
  });

  it("bounds every role, and tags what takes tags, in both stacks", () => {
    const template = made().synthesized();
    const roles = template.all("AWS::IAM::Role").filter(({ id }) => id.startsWith("Papers"));
    expect(roles.length).toBeGreaterThanOrEqual(FUNCTIONS.length);
    for (const { properties } of roles)
      expect(JSON.stringify(properties["PermissionsBoundary"])).toContain("developers");
    const tagged = [...template.all("AWS::Lambda::Function"), ...template.all("AWS::DynamoDB::Table")];
    for (const { properties } of tagged) expect(properties["Tags"]).toContainEqual({ Key: "team", Value: "library" });
  });

  it("gets its alarms in its own topics, and no others are made", () => {
    const template = made().synthesized();
    expect(template.all("AWS::SNS::Topic")).toHaveLength(2);
    expect(template.all("AWS::SNS::Topic").filter(({ id }) => id.startsWith("Papers"))).toEqual([]);
    const actions = template.all("AWS::CloudWatch::CompositeAlarm").concat(template.all("AWS::CloudWatch::Alarm"));
    const told = JSON.stringify(actions.map(({ properties }) => properties["AlarmActions"] ?? []));
    expect(told).toMatch(/"Page[0-9A-F]{8}"/);
    expect(told).toMatch(/"Ticket[0-9A-F]{8}"/);
  });
});

describe("what exists already", () => {
  const contentIn = (stack: Stack): IBucket => Bucket.fromBucketName(stack, "Content", "acme-library");

  it("is used in the place of what would be made: bucket, table and bus", () => {
    const template = inApp((stack) => ({
      existing: {
        contentBucket: contentIn(stack),
        table: aTable(stack, StreamViewType.NEW_AND_OLD_IMAGES),
        eventBus: EventBus.fromEventBusName(stack, "Bus", "acme"),
      },
    })).synthesized();
    expect(template.all("AWS::DynamoDB::Table").map(({ id }) => id)).toEqual([expect.stringMatching(/^Jobs/)]);
    expect(template.all("AWS::Events::EventBus")).toEqual([]);
    expect(
      template
        .all("AWS::S3::Bucket")
        .map(({ id }) => id.replace(/[0-9A-F]{8}$/, ""))
        .toSorted(),
    ).toEqual(["PapersAccessLogs", "PapersArchive", "PapersStaging"]);
    const variables = template.variablesOf("PapersPipelineWorkerFunction");
    expect(variables["CONTENT_BUCKET"]).toBe("acme-library");
    expect(JSON.stringify(variables["TABLE_NAME"])).toMatch(/"Jobs[0-9A-F]{8}"/);
    expect(template.variablesOf("PapersPipelineAnnouncerFunction")["EVENT_BUS_NAME"]).toBe("acme");
  });

  it("may have a key of its own, which the functions may then use", () => {
    const keyArn = "arn:aws:kms:eu-central-1:111111111111:key/of-the-library";
    const template = inApp((stack) => ({
      existing: {
        contentBucket: Bucket.fromBucketAttributes(stack, "Content", {
          bucketName: "acme-library",
          encryptionKey: Key.fromKeyArn(stack, "Theirs", keyArn),
        }),
      },
    })).synthesized();
    expect(JSON.stringify(template.one("AWS::IAM::Policy", "PapersPipelineWorkerRole").properties)).toContain(keyArn);
  });

  it("is refused if it is a table that knows no stream", () => {
    expect(() => inApp((stack) => ({ existing: { table: aTable(stack) } }))).toThrow(
      "existing.table knows no stream. Give the table a stream of new and old images",
    );
  });
});

describe("an app that works with it", () => {
  it("hears of stored files and of failed jobs", () => {
    const { fetchonce, stack, synthesized } = inApp();
    const queue = new Queue(stack, "Mine");
    fetchonce.onStored("Stored", new SqsQueue(queue));
    fetchonce.onFailed("Failed", new SqsQueue(queue));
    const rules = synthesized()
      .all("AWS::Events::Rule")
      .filter(({ id }) => /^Papers(Stored|Failed)/.test(id));
    expect(rules.map(({ properties }) => properties["EventPattern"])).toEqual(
      expect.arrayContaining([
        { source: ["fetchonce"], "detail-type": ["Artifact Stored", "Artifacts Stored"] },
        { source: ["fetchonce"], "detail-type": ["Artifact Failed", "Artifacts Failed"] },
      ]),
    );
    for (const { properties } of rules) {
      expect(JSON.stringify(properties["EventBusName"])).toContain("PapersAnnouncements");
      expect(properties["Targets"]).toHaveLength(1);
    }
  });

  it("is told at once that there is nothing to hear if nothing is announced", () => {
    const { fetchonce } = inApp(() => ({ settings: { announcements: "none" } }));
    expect(() => fetchonce.onStored("Stored")).toThrow(
      'Crawler/Papers announces nothing. Write settings.announcements: "single" or "batched".',
    );
  });

  it("reads its metrics, and is refused those that there are not", () => {
    const { fetchonce } = inApp(() => ({ name: "may" }));
    expect(fetchonce.metricStored()).toMatchObject({
      namespace: "fetchonce",
      metricName: "JobsCompleted",
      dimensions: { environment: "may" },
      statistic: "Sum",
    });
    expect(fetchonce.metricFailed().metricName).toBe("JobsFailed");
    expect(fetchonce.metric("TimeToComplete").statistic).toBe("p95");
    expect(fetchonce.metricBacklog().namespace).toBe("AWS/SQS");
    expect(() => fetchonce.metric("JobsLost")).toThrow('There is no metric "JobsLost". Metrics are: JobsPlanned');
  });

  it("lets its producers send, and its consumers read, and nothing else", () => {
    const { fetchonce, stack, synthesized } = inApp();
    const role = (id: string): Role => new Role(stack, id, { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
    fetchonce.grantSubmit(role("Producer")).assertSuccess();
    fetchonce.grantReadContent(role("Consumer")).assertSuccess();
    const template = synthesized();
    const actionsOf = (id: string) => {
      const { PolicyDocument } = template.one("AWS::IAM::Policy", id).properties as {
        PolicyDocument: { Statement: { Action: unknown }[] };
      };
      return PolicyDocument.Statement.map(({ Action }) => Action);
    };
    expect(actionsOf("Producer")).toEqual(["sqs:SendMessage"]);
    expect(actionsOf("Consumer")).toEqual(["s3:GetObject"]);
  });
});
