/** The `dev` stacks in ministack: deployed by the CDK CLI, used and inspected through the AWS SDK. */
import { present } from "../../../core/model/present.ts";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { GetQueueAttributesCommand, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { pipeline as pipe } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { dynamoItems } from "../../../adapters/aws/dynamodb.ts";
import { s3Staging } from "../../../adapters/aws/s3/staging.ts";
import { sqsSender } from "../../../adapters/aws/sqs.ts";
import { jobIdOf, jobItemKey } from "../../../core/model/keys.ts";
import { hostOf, type JobMessage } from "../../../core/model/message.ts";
import type { StagingLitter } from "../../../core/ports/staging.ts";
import { decodeJob } from "../../../core/model/record-codec.ts";
import type { JobRecord } from "../../../core/model/record.ts";
import { isTerminal } from "../../../core/model/states.ts";
import { unpackJob } from "../../../core/telemetry/unpack-job.ts";
import { until } from "../../embedded-aws/until.ts";
import { Account } from "../account.ts";
import { cdk, stacksOf } from "../assembly.ts";
import { ACCOUNT, REGION, SECRET } from "../emulator.ts";
import type { Ministack } from "./ministack.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const RECORDS_A_LOOK = 100;
const LISTED = 1000;

const outputsSchema = z.object({
  QueueUrl: z.string(),
  DeadLetterQueueUrl: z.string(),
  TableName: z.string(),
  StagingBucketName: z.string(),
  ContentBucketName: z.string(),
  EventBusName: z.string(),
  StreamDeadLetterQueueUrl: z.string(),
  WorkerFunctionName: z.string(),
  ReconcilerFunctionName: z.string(),
  BatchesFunctionName: z.string(),
  BatchesBucketName: z.string(),
});
const rolePolicies = z.object({ PolicyNames: z.array(z.string()).min(1) });
const accessKey = z.object({ AccessKey: z.object({ AccessKeyId: z.string(), SecretAccessKey: z.string() }) });
const logEvents = z.object({
  events: z.array(z.object({ message: z.string() })),
  nextToken: z.string().optional(),
});

/** The telemetry events in a log, packed or not. A line that a kill cut short is ignored. */
export const eventsIn = (log: readonly string[]): readonly Readonly<Record<string, unknown>>[] =>
  log
    .filter((line) => line.startsWith('{"event"') && line.endsWith("}"))
    .flatMap((line) => unpackJob(JSON.parse(line) as Record<string, unknown>));

interface Program {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const optionsOf = ({ endpoint }: Ministack) => ({
  endpoint,
  region: REGION,
  credentials: { accessKeyId: ACCOUNT, secretAccessKey: SECRET },
});

export class Deployed {
  readonly emulator: Ministack;
  readonly outputs: z.infer<typeof outputsSchema>;
  readonly #dynamodb: DynamoDBClient;
  readonly #s3: S3Client;
  readonly #sqs: SQSClient;

  /** The name of the data stack. */
  readonly stack: string;

  private constructor(emulator: Ministack, outputs: Deployed["outputs"], stack: string) {
    this.emulator = emulator;
    this.stack = stack;
    this.outputs = outputs;
    const options = optionsOf(emulator);
    this.#dynamodb = new DynamoDBClient(options);
    this.#s3 = new S3Client({ ...options, forcePathStyle: true });
    this.#sqs = new SQSClient(options);
  }

  /** Bootstraps the account and deploys the assembly by change sets, the CLI's default. */
  static async deploy(emulator: Ministack, assembly: string): Promise<Deployed> {
    await cdk(["bootstrap", `aws://${ACCOUNT}/${REGION}`, "--app", assembly], emulator.environment);
    await cdk(["deploy", "--all", "--require-approval", "never", "--app", assembly], emulator.environment);
    const account = new Account(emulator);
    const names = stacksOf(assembly).map(({ name }) => name);
    const told = await Promise.all(names.map(async (name) => account.outputs(name)));
    const outputs = outputsSchema.parse(Object.assign({}, ...told.map((each) => each.outputs)));
    const stack = present(
      names.find((name) => names.includes(`${name}-pipeline`)),
      "the data stack",
    );
    return new Deployed(emulator, outputs, stack);
  }

  async submit(messages: readonly JobMessage[]): Promise<void> {
    const bodies = messages.map((message) => ({ body: JSON.stringify(message), group: hostOf(message.url) }));
    await sqsSender(this.#sqs, this.outputs.QueueUrl).send(bodies);
  }

  /** The records of the messages' jobs, by job id. A job without a record is missing. */
  async records(messages: readonly JobMessage[]): Promise<ReadonlyMap<string, JobRecord>> {
    const items = dynamoItems(this.#dynamodb, this.outputs.TableName);
    const keys = [...new Set(messages.map((message) => jobItemKey(jobIdOf(message))))];
    const found = new Map<string, JobRecord>();
    for (let start = 0; start < keys.length; start += RECORDS_A_LOOK) {
      for (const item of (await items.readMany(keys.slice(start, start + RECORDS_A_LOOK))).values()) {
        const record = decodeJob(item);
        found.set(record.jobId, record);
      }
    }
    return found;
  }

  /** @param onLook is called with all records each time that the table is read. */
  async untilTerminal(
    messages: readonly JobMessage[],
    longestMs: number,
    onLook: (records: ReadonlyMap<string, JobRecord>) => Promise<void> = async () => undefined,
  ): Promise<ReadonlyMap<string, JobRecord>> {
    const jobIds = [...new Set(messages.map(jobIdOf))];
    let records: ReadonlyMap<string, JobRecord> = new Map();
    await until("every job is terminal", longestMs, async () => {
      records = await this.records(messages);
      const open = jobIds.filter((jobId) => !isTerminal(records.get(jobId)?.state ?? "PLANNED"));
      await onLook(records);
      const [first] = open;
      return first && `${open.length} are open; ${first} is ${records.get(first)?.state ?? "without a record"}`;
    });
    return records;
  }

  async contentKeys(): Promise<readonly string[]> {
    const keys: string[] = [];
    for (;;) {
      const { Contents = [], IsTruncated } = await this.#s3.send(
        new ListObjectsV2Command({ Bucket: this.outputs.ContentBucketName, StartAfter: keys.at(-1) ?? "" }),
      );
      keys.push(...Contents.map(({ Key = "" }) => Key));
      if (IsTruncated !== true) return keys;
    }
  }

  /** The SHA-256 of the bytes of every object in the content bucket, by key. */
  async content(): Promise<ReadonlyMap<string, string>> {
    const digests = new Map<string, string>();
    for (const Key of await this.contentKeys()) {
      const { Body } = await this.#s3.send(new GetObjectCommand({ Bucket: this.outputs.ContentBucketName, Key }));
      if (!(Body instanceof Readable)) throw new Error(`${Key} has no body.`);
      const hash = createHash("sha256");
      await pipe(Body, hash);
      digests.set(Key, hash.digest("hex"));
    }
    return digests;
  }

  /** An S3 client with the credentials of a user whose IAM policy allows everything. */
  async s3OfAdministrator(): Promise<S3Client> {
    const { aws } = this.emulator;
    const UserName = "administrator";
    const Statement = [{ Effect: "Allow", Action: "*", Resource: "*" }];
    const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement });
    await aws("iam", "create_user", { UserName });
    await aws("iam", "put_user_policy", { UserName, PolicyName: "everything", PolicyDocument });
    const { AccessKey } = accessKey.parse(await aws("iam", "create_access_key", { UserName }));
    return new S3Client({
      ...optionsOf(this.emulator),
      credentials: { accessKeyId: AccessKey.AccessKeyId, secretAccessKey: AccessKey.SecretAccessKey },
      forcePathStyle: true,
    });
  }

  /** Objects and unfinished uploads in the staging bucket. */
  async staging(): Promise<readonly StagingLitter[]> {
    return (await s3Staging(this.#s3, this.outputs.StagingBucketName).litter(undefined, LISTED)).found;
  }

  async putList(name: string, Body: string): Promise<void> {
    await this.#s3.send(new PutObjectCommand({ Bucket: this.outputs.BatchesBucketName, Key: `lists/${name}`, Body }));
  }

  /** The number of messages that are visible, in flight or delayed. */
  async depth(queueUrl: string): Promise<number> {
    const { Attributes = {} } = await this.#sqs.send(
      new GetQueueAttributesCommand({
        QueueUrl: queueUrl,
        AttributeNames: [
          "ApproximateNumberOfMessages",
          "ApproximateNumberOfMessagesNotVisible",
          "ApproximateNumberOfMessagesDelayed",
        ],
      }),
    );
    return Object.values(Attributes).reduce((sum, count) => sum + Number(count), 0);
  }

  async untilEmpty(queueUrl: string, longestMs: number): Promise<void> {
    await until("the queue is empty", longestMs, async () => {
      const depth = await this.depth(queueUrl);
      return depth === 0 ? undefined : `${depth} messages`;
    });
  }

  /** The bodies of all visible messages, which are then hidden for ten minutes. */
  async bodies(queueUrl: string): Promise<readonly string[]> {
    const all: string[] = [];
    for (;;) {
      const { Messages = [] } = await this.#sqs.send(
        new ReceiveMessageCommand({ QueueUrl: queueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 600 }),
      );
      if (Messages.length === 0) return all;
      all.push(...Messages.map(({ Body = "" }) => Body));
    }
  }

  /** All lines of the function's log group. */
  async logOf(functionName: string): Promise<readonly string[]> {
    const { LoggingConfig } = z
      .object({ LoggingConfig: z.object({ LogGroup: z.string() }) })
      .parse(await this.emulator.aws("lambda", "get_function_configuration", { FunctionName: functionName }));
    const lines: string[] = [];
    let nextToken: string | undefined;
    do {
      const request = { logGroupName: LoggingConfig.LogGroup, ...(nextToken !== undefined && { nextToken }) };
      const page = logEvents.parse(await this.emulator.aws("logs", "filter_log_events", request));
      lines.push(...page.events.map(({ message }) => message));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    return lines;
  }

  async functionNames(): Promise<readonly string[]> {
    return (await new Account(this.emulator).functions()).map(({ FunctionName }) => FunctionName);
  }

  /** @returns the function's answer, or the error document that Lambda returns instead. */
  async invoke(functionName: string): Promise<unknown> {
    const { Payload } = await this.emulator.aws("lambda", "invoke", { FunctionName: functionName, Payload: "{}" });
    return JSON.parse(String(Payload)) as unknown;
  }

  /** Runs `work` while the function's role has no policies. */
  async withoutPolicies(functionName: string, work: () => Promise<void>): Promise<void> {
    const { aws } = this.emulator;
    const { Role } = await aws("lambda", "get_function_configuration", { FunctionName: functionName });
    const RoleName = String(Role).split("/").at(-1) ?? "";
    const { PolicyNames } = rolePolicies.parse(await aws("iam", "list_role_policies", { RoleName }));
    const taken: object[] = [];
    try {
      for (const PolicyName of PolicyNames) {
        const { PolicyDocument } = await aws("iam", "get_role_policy", { RoleName, PolicyName });
        taken.push({ RoleName, PolicyName, PolicyDocument: JSON.stringify(PolicyDocument) });
        await aws("iam", "delete_role_policy", { RoleName, PolicyName });
      }
      await work();
    } finally {
      for (const policy of taken) await aws("iam", "put_role_policy", policy);
    }
  }

  /** Creates a queue that receives every event of the pipeline's bus. @returns its URL. */
  async subscribe(name: string): Promise<string> {
    const { EventBusName } = this.outputs;
    const arn = `arn:aws:sqs:${REGION}:${ACCOUNT}:${name}`;
    const Policy = JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        { Effect: "Allow", Principal: { Service: "events.amazonaws.com" }, Action: "sqs:SendMessage", Resource: arn },
      ],
    });
    const { aws } = this.emulator;
    const { QueueUrl } = await aws("sqs", "create_queue", { QueueName: name, Attributes: { Policy } });
    const rule = { Name: name, EventBusName, EventPattern: JSON.stringify({ source: ["fetchonce"] }) };
    await aws("events", "put_rule", rule);
    await aws("events", "put_targets", { Rule: name, EventBusName, Targets: [{ Id: name, Arn: arn }] });
    return String(QueueUrl);
  }

  /** `npm run <script> -- <args>` against the emulated account. */
  async npm(script: string, ...args: readonly string[]): Promise<Program> {
    return new Promise((resolve) => {
      execFile(
        "npm",
        ["run", "--silent", script, "--", ...args],
        { cwd: ROOT, env: { ...process.env, ...this.emulator.environment, npm_config_update_notifier: "false" } },
        (error, out, err) => resolve({ code: error ? Number(error.code) : 0, out, err }),
      );
    });
  }
}
