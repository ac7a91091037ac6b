/** The deployed functions in Lambda's own runtime: the programs that AWS runs them with, on the resources in moto. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { jobIdOf, jobItemKey } from "../../core/model/keys.ts";
import { startOrigin } from "../../local/origin/server.ts";
import { Account, type DeployedFunction } from "./account.ts";
import { cdk, stacksOf, synthesize } from "./assembly.ts";
import { freePort } from "../embedded-aws/free-port.ts";
import { ACCOUNT, type Emulator, REGION, startEmulator } from "./emulator.ts";
import { installLambdaRuntime, type LambdaRuntime } from "./tools.ts";

const installedRuntime = await installLambdaRuntime();
if (!installedRuntime)
  console.warn(
    "Skipped: the functions in Lambda's own runtime. " +
      "To build that runtime, install go, cmake, autoconf, automake, libtool and a C++ compiler.",
  );

const code = z.object({ Code: z.object({ S3Key: z.string() }), Handler: z.string() });
const LONGEST_INVOCATION_MS = 60_000;
const cleanup = new AsyncDisposableStack();
let emulator: Emulator;
let functions: readonly (DeployedFunction & { readonly handler: string; readonly asset: string })[];
let outputs: Readonly<Record<string, string>>;

describe.runIf(installedRuntime)("in Lambda's own runtime", () => {
  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), "fetchonce-runtime-"));
    cleanup.defer(async () => rm(folder, { recursive: true, force: true }));
    const assembly = await synthesize("dev", folder);
    emulator = cleanup.use(await startEmulator());
    await cdk(["bootstrap", `aws://${ACCOUNT}/${REGION}`, "--app", assembly], emulator.environment);
    const deployment = ["deploy", "--all", "--require-approval", "never", "--method", "direct", "--app", assembly];
    await cdk(deployment, emulator.environment);

    const account = new Account(emulator);
    const stacks = stacksOf(assembly);
    const told = await Promise.all(stacks.map(async ({ name }) => account.outputs(name)));
    outputs = Object.assign({}, ...told.map((one) => one.outputs)) as Record<string, string>;
    const deployed = await account.functions();
    const made = await account.resources(stacks);
    functions = stacks.flatMap(({ name, resources }) =>
      Object.entries(resources)
        .filter(([, { Type }]) => Type === "AWS::Lambda::Function")
        .flatMap(([id, { Properties }]) => {
          const { Code, Handler } = code.parse(Properties);
          const physicalId = made.find(({ stack, logicalId }) => stack === name && logicalId === id)?.physicalId;
          const asset = join(assembly, `asset.${basename(Code.S3Key, ".zip")}`);
          return deployed
            .filter(({ FunctionName }) => FunctionName === physicalId)
            .map((one) => Object.assign(one, { handler: Handler, asset }));
        }),
    );
  });
  afterAll(async () => cleanup.disposeAsync());

  const named = (name: string | undefined) => {
    const found = functions.find(({ FunctionName }) => FunctionName === name);
    if (!found || !installedRuntime) throw new Error(`No function ${name} was deployed.`);
    return { ...found, runtime: installedRuntime };
  };

  it("every function loads and answers an event without records", async () => {
    expect(functions.length).toBeGreaterThan(0);
    for (const { FunctionName } of functions) {
      const answer = await invoke(named(FunctionName), { Records: [] });
      expect(answer).not.toHaveProperty("errorType");
    }
  });

  it("the worker downloads a file and indexes its job", async () => {
    const origin = await startOrigin();
    try {
      const message = { work_id: "w", artifact_id: "a", url: origin.urlOf({ name: "file", size: 1000 }) };
      const answer = await invoke(named(outputs["WorkerFunctionName"]), {
        Records: [
          {
            messageId: "1",
            receiptHandle: "r",
            body: JSON.stringify(message),
            attributes: { ApproximateReceiveCount: "1" },
          },
        ],
      });
      expect(answer).toEqual({ batchItemFailures: [] });
      const Key = { pk: { S: jobItemKey(jobIdOf(message)) } };
      const { Item } = await emulator.aws("dynamodb", "get_item", { TableName: outputs["TableName"], Key });
      expect(Item).toMatchObject({ state: { S: "INDEXED" } });
    } finally {
      await origin.stop();
    }
  });
});

/** One invocation in a new execution environment, as after a cold start. */
async function invoke(
  {
    runtime,
    asset,
    handler,
    FunctionName,
    Timeout,
    Environment: { Variables },
  }: DeployedFunction & {
    readonly runtime: LambdaRuntime;
    readonly asset: string;
    readonly handler: string;
  },
  event: object,
): Promise<unknown> {
  const [port, apiPort] = [await freePort(), await freePort()];
  const addresses = [
    "--runtime-interface-emulator-address",
    `127.0.0.1:${port}`,
    "--runtime-api-address",
    `127.0.0.1:${apiPort}`,
  ];
  const lambda = spawn(runtime.emulator, [...addresses, process.execPath, runtime.client, handler], {
    cwd: asset,
    env: {
      ...emulator.environment,
      PATH: process.env["PATH"],
      LAMBDA_TASK_ROOT: asset,
      AWS_LAMBDA_FUNCTION_NAME: FunctionName,
      AWS_LAMBDA_FUNCTION_TIMEOUT: String(Timeout),
      ...withReachableQueues(Variables),
      ALLOW_PRIVATE_HOSTS: "true",
    },
    stdio: "ignore",
  });
  try {
    return await askedUntilItListens(`http://127.0.0.1:${port}/2015-03-31/functions/function/invocations`, event);
  } finally {
    await stop(lambda);
  }
}

/** Queue URLs that point at moto: CloudFormation's are AWS's own. */
const withReachableQueues = (variables: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [
      name,
      value.replace(`https://sqs.${REGION}.amazonaws.com`, emulator.endpoint),
    ]),
  );

async function askedUntilItListens(url: string, event: object): Promise<unknown> {
  const signal = AbortSignal.timeout(LONGEST_INVOCATION_MS);
  for (;;) {
    const answer = await fetch(url, { method: "POST", body: JSON.stringify(event), signal }).catch((error: unknown) => {
      if (signal.aborted) throw error;
    });
    if (answer) return answer.json();
    await sleep(100);
  }
}

async function stop(lambda: ChildProcess): Promise<void> {
  lambda.kill();
  if (lambda.exitCode === null && lambda.signalCode === null) await once(lambda, "exit");
}
