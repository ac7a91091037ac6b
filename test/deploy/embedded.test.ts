/** The app in examples/cdk-app, with the packed package, in an account that moto emulates. */
import { CreateQueueCommand, SQSClient } from "@aws-sdk/client-sqs";
import { execFile, spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { createInterface } from "node:readline";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { jobIdOf } from "../../core/producer/check-job.ts";
import { depthOf } from "../embedded-aws/aws/queues.ts";
import { startSqs } from "../embedded-aws/aws/sqs.ts";
import { environmentOf, npm } from "../package/npm.ts";
import { Account, type Existing } from "./account.ts";
import { cdk, stacksOf } from "./assembly.ts";
import { ACCOUNT, type Emulator, REGION, SECRET, startEmulator } from "./emulator.ts";
import { installPython } from "./tools.ts";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** What the examples name in their package.json beside fetchonce, and the types of Node. */
const BESIDE = ["aws-cdk-lib", "constructs", "cdk-nag", "@types", "@aws-sdk"];
const STATEFUL = new Set(["AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::SQS::Queue"]);

const cleanup = new AsyncDisposableStack();
let emulator: Emulator;
let account: Account;
let folder: string;
let atFirst: readonly string[];
/** Of the account's own network. */
let vpc: object;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fetchonce-embedded-"));
  cleanup.defer(async () => rm(folder, { recursive: true, maxRetries: 5, retryDelay: 200 }));
  for (const example of ["examples/programs", "examples/cdk-app"])
    await cp(join(ROOT, example), folder, { recursive: true });
  await cp(join(ROOT, "clients/python/fetchonce_producer.py"), join(folder, "fetchonce_producer.py"));
  const tarball = await npm(ROOT, "pack", "--silent", "--pack-destination", folder);
  await mkdir(join(folder, "node_modules/fetchonce"), { recursive: true });
  await run("tar", ["-xzf", tarball, "-C", "node_modules/fetchonce", "--strip-components", "1"], { cwd: folder });
  for (const name of BESIDE) await symlink(join(ROOT, "node_modules", name), join(folder, "node_modules", name));
  emulator = cleanup.use(await startEmulator());
  account = new Account(emulator);
  vpc = await existingVpc();
  const assembly = await synthesized("bootstrap");
  await cdk(["bootstrap", `aws://${ACCOUNT}/${REGION}`, "--app", assembly], emulator.environment);
  await emulator.aws("s3", "create_bucket", {
    Bucket: "the-library",
    CreateBucketConfiguration: { LocationConstraint: REGION },
  });
  atFirst = await account.everything();
});
afterAll(async () => cleanup.disposeAsync());

const usersEnvironment = () => ({ ...environmentOf(process.execPath), ...emulator.environment });

/** The VPC that every account has, as the app wants it described. */
async function existingVpc(): Promise<object> {
  const { Subnets } = subnets.parse(await emulator.aws("ec2", "describe_subnets"));
  const { RouteTables } = routeTables.parse(await emulator.aws("ec2", "describe_route_tables"));
  const two = Subnets.slice(0, 2);
  return {
    vpcId: two[0]?.VpcId,
    availabilityZones: two.map(({ AvailabilityZone }) => AvailabilityZone),
    privateSubnetIds: two.map(({ SubnetId }) => SubnetId),
    privateSubnetRouteTableIds: two.map(() => RouteTables[0].RouteTableId),
  };
}

const subnets = z.object({
  Subnets: z.array(z.object({ VpcId: z.string(), SubnetId: z.string(), AvailabilityZone: z.string() })),
});
const routeTables = z.object({ RouteTables: z.tuple([z.object({ RouteTableId: z.string() })], z.unknown()) });

/** Runs the app as its user does. It fails if cdk-nag finds something. */
async function synthesized(name: string, context: Readonly<Record<string, string>> = {}): Promise<string> {
  const env = {
    ...usersEnvironment(),
    CDK_OUTDIR: join(folder, name),
    CDK_CONTEXT_JSON: JSON.stringify({ vpc, ...context }),
  };
  await run(process.execPath, ["app.ts"], { cwd: folder, env });
  return join(folder, name);
}

const CREDENTIALS = { accessKeyId: "testing", secretAccessKey: SECRET };
const URLS = ["https://example.org/a.pdf", "https://example.org/b.pdf"];
const ANNOUNCED = { schema_version: 1, id: "0f7c3a1e9b5d2468ace013579bdf2468", work_id: "w", artifact_id: "a" };
const STORED = { ...ANNOUNCED, url: URLS[0], state: "INDEXED", sha256: "ab".repeat(32) };
const FAILED = { ...ANNOUNCED, url: URLS[1], state: "FAILED", reason: "http_404", redrives: 0 };

/** moto names its queues by AWS's own address, to which the SDK would connect. */
const here = (queueUrl = ""): string => emulator.endpoint + new URL(queueUrl).pathname;

async function consumerHears(bus: string | undefined, queueUrl: string | undefined): Promise<void> {
  const event = { Source: "fetchonce", EventBusName: bus };
  const batch = { schema_version: 1, announcements: [FAILED, FAILED] };
  await emulator.aws("events", "put_events", {
    Entries: [
      { ...event, DetailType: "Artifact Stored", Detail: JSON.stringify(STORED) },
      { ...event, DetailType: "Artifact Stored", Detail: JSON.stringify(STORED) },
      { ...event, DetailType: "Artifacts Failed", Detail: JSON.stringify(batch) },
    ],
  });
  const heard = await printed([process.execPath, "consumer.ts", here(queueUrl)], { lines: 2 });
  expect(heard.toSorted()).toEqual([`failed ${URLS[1]} http_404`, `stored ${URLS[0]} ${"ab".repeat(32)}`]);
}

interface Running {
  /** The program is stopped after so many lines. */
  readonly lines: number;
  readonly input?: string;
  readonly endpoint?: string;
}

/** What the program prints. */
async function printed([program = "", ...args]: readonly string[], { endpoint, input = "", lines }: Running) {
  const env = { ...usersEnvironment(), ...(endpoint !== undefined && { AWS_ENDPOINT_URL: endpoint }) };
  const child = spawn(program, args, { cwd: folder, env, stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end(input);
  const all: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    all.push(line);
    if (all.length === lines) child.kill();
  }
  return all;
}

const deploy = async (assembly: string, ...options: readonly string[]): Promise<string> =>
  cdk(
    ["deploy", "--all", "--require-approval", "never", "--method", "direct", "--app", assembly, ...options],
    emulator.environment,
  );

const deployedNow = async (assembly: string): Promise<readonly Existing[]> => {
  const stacks = stacksOf(assembly);
  const existing = await account.resources(stacks);
  expect(existing.map(({ logicalId }) => logicalId).toSorted()).toEqual(
    stacks.flatMap(({ resources }) => Object.keys(resources)).toSorted(),
  );
  return existing;
};

it("is accepted by the compiler, with the package's own types", async () => {
  const tsc = join(ROOT, "node_modules/.bin/tsc");
  await expect(run(tsc, ["--project", folder], { env: usersEnvironment() })).resolves.toMatchObject({ stdout: "" });
});

it("has beside it producers in TypeScript and Python, which send the same jobs", async () => {
  // moto would run the function that takes from the queue, which needs Docker.
  const sqs = await startSqs();
  onTestFinished(sqs.stop);
  const client = new SQSClient({ endpoint: sqs.endpoint, region: REGION, credentials: CREDENTIALS });
  const { QueueUrl = "" } = await client.send(new CreateQueueCommand({ QueueName: "work" }));
  const running = { lines: URLS.length, input: URLS.join("\n"), endpoint: sqs.endpoint };
  const ids = [
    await printed([process.execPath, "producer.ts", QueueUrl], running),
    await printed([await installPython(), "producer.py", QueueUrl], running),
  ];
  expect(ids[0]).toEqual(URLS.map((url) => jobIdOf({ url, work_id: "example" })));
  expect(ids[1]).toEqual(ids[0]);
  expect(await depthOf(client, QueueUrl)).toMatchObject({ visible: 2 * URLS.length });
});

it("is deployed, upgraded without replacing a table, bucket or queue, and destroyed without a trace", async () => {
  const assembly = await synthesized("first");
  await deploy(assembly);
  const first = await deployedNow(assembly);
  const { outputs } = await account.outputs("Library");
  expect(Object.keys(outputs)).toEqual(expect.arrayContaining(["PapersQueueUrl", "ThesesQueueUrl"]));
  expect(outputs["PapersContentBucketName"]).toBe("the-library");

  for (const id of ["Papers", "Theses"]) {
    const { stdout } = await run(
      process.execPath,
      ["node_modules/fetchonce/dist/fetchonce.cjs", "gate", "status", "--stack", `Library/${id}`],
      { cwd: folder, env: usersEnvironment() },
    );
    expect(stdout).toContain("gate");
  }

  const ended = first.find(({ logicalId, type }) => type === "AWS::SQS::Queue" && logicalId.startsWith("Ended"));
  await consumerHears(outputs["PapersEventBusName"], ended?.physicalId);

  const changed = await synthesized("changed", { concurrency: "30" });
  await deploy(changed, "--no-previous-parameters");
  const upgraded = await deployedNow(changed);
  const stateful = (all: readonly Existing[]): readonly Existing[] => all.filter(({ type }) => STATEFUL.has(type));
  expect(stateful(upgraded)).toEqual(stateful(first));

  await cdk(["destroy", "--all", "--force", "--app", changed], emulator.environment);
  expect(await account.everything()).toEqual(atFirst);
});
