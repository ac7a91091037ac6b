/** Change sets, rollback and termination protection of the stacks, in ministack, since moto lacks all three. */
import { type CfnAlias, CfnEventInvokeConfig } from "aws-cdk-lib/aws-lambda";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { Account, type Existing, isPlaceholder } from "../account.ts";
import { cdk, type DeployedStack, stacksOf, synthesize } from "../assembly.ts";
import { ACCOUNT, REGION } from "../emulator.ts";
import { Markers } from "../markers.ts";
import { awsCliIn, blocksOf, typeIntoBash } from "../typed.ts";
import { constructAt, synthesizeQuickDev, WORKER, WORKER_ALIAS } from "./assembly.ts";
import { startMinistack, type Ministack } from "./ministack.ts";

const PIPELINE = "fetchonce-dev-pipeline";

const end = new AsyncDisposableStack();
let emulator: Ministack;
let account: Account;
let folder: string;
let stacks: readonly DeployedStack[];
const placeholders = new Set<string>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fetchonce-stacks-"));
  end.defer(async () => rm(folder, { recursive: true, force: true }));
  emulator = end.use(await startMinistack());
  account = new Account(emulator);
  const assembly = await synthesizeQuickDev(join(folder, "dev"));
  stacks = stacksOf(assembly);
  await cdk(["bootstrap", `aws://${ACCOUNT}/${REGION}`, "--app", assembly], emulator.environment);
});
afterAll(async () => end.disposeAsync());

const deploy = async (assembly: string, ...options: readonly string[]): Promise<string> =>
  cdk(["deploy", "--all", "--require-approval", "never", "--app", assembly, ...options], emulator.environment);
const destroy = async (assembly: string): Promise<string> =>
  cdk(["destroy", "--all", "--force", "--app", assembly], emulator.environment);

const changeSet = z.object({
  Changes: z.array(
    z.object({
      ResourceChange: z.object({
        Action: z.string(),
        LogicalResourceId: z.string(),
        ResourceType: z.string(),
        Replacement: z.string().optional(),
      }),
    }),
  ),
});
const stackStatus = z.object({ Stacks: z.tuple([z.object({ StackStatus: z.string() })]) });

/** A variable of the version that the worker's alias points at, which is the version that gets the messages. */
async function liveVariable(name: string): Promise<unknown> {
  const { outputs } = await account.outputs(PIPELINE);
  const live = { FunctionName: outputs["WorkerFunctionName"], Qualifier: "live" };
  const { Environment } = await emulator.aws("lambda", "get_function_configuration", live);
  return (Environment as { Variables: Record<string, unknown> }).Variables[name];
}

const notePlaceholders = (existing: readonly Existing[]): void => {
  for (const { type, physicalId } of existing) if (isPlaceholder(physicalId)) placeholders.add(type);
};

describe("a change set", () => {
  it("creates all resources of both stacks", async () => {
    await deploy(join(folder, "dev"), "--method", "change-set");
    const existing = await account.resources(stacks);
    notePlaceholders(existing);
    expect(existing.map(({ stack, logicalId }) => `${stack} ${logicalId}`).toSorted()).toEqual(
      stacks.flatMap(({ name, resources }) => Object.keys(resources).map((id) => `${name} ${id}`)).toSorted(),
    );
    expect(await liveVariable("MAX_ATTEMPTS")).toBe("8");
  });

  it("replaces only the worker's version for a changed variable, and has no effect until it is executed", async () => {
    const changed = await synthesizeQuickDev(join(folder, "changed"), { variables: { MAX_ATTEMPTS: "7" } });
    await deploy(changed, "--method", "prepare-change-set", "--change-set-name", "reviewed");
    const described = await emulator.aws("cloudformation", "describe_change_set", {
      StackName: PIPELINE,
      ChangeSetName: "reviewed",
    });
    const changes = changeSet
      .parse(described)
      .Changes.map(({ ResourceChange }) => ResourceChange)
      .map(({ Action, ResourceType, Replacement = "-" }) => `${Action} ${ResourceType} ${Replacement}`);
    expect(changes).toEqual(
      expect.arrayContaining([
        "Modify AWS::Lambda::Function False",
        "Add AWS::Lambda::Version -",
        "Remove AWS::Lambda::Version -",
      ]),
    );
    expect(changes.filter((change) => /True|Conditional/.test(change))).toEqual([]);
    expect(await liveVariable("MAX_ATTEMPTS")).toBe("8");

    await deploy(changed, "--method", "change-set", "--change-set-name", "executed");
    expect(await liveVariable("MAX_ATTEMPTS")).toBe("7");
  });
});

describe("an update that fails after the worker's alias was switched", () => {
  it("is rolled back: the alias and all resources are as before, and the next deployment succeeds", async () => {
    const before = { resources: await account.resources(stacks), all: await account.everything() };
    const broken = await synthesizeQuickDev(join(folder, "broken"), {
      variables: { MAX_ATTEMPTS: "6" },
      change: (app) => {
        const worker = constructAt(app, WORKER);
        const { ref } = worker as unknown as { ref: string };
        const wrong = new CfnEventInvokeConfig(worker, "Broken", { functionName: ref, qualifier: "never-published" });
        wrong.addResourceDependency(constructAt(app, WORKER_ALIAS) as CfnAlias);
      },
    });
    await expect(deploy(broken)).rejects.toThrow("never-published");
    const { Stacks } = stackStatus.parse(
      await emulator.aws("cloudformation", "describe_stacks", { StackName: PIPELINE }),
    );
    expect(Stacks[0].StackStatus).toBe("UPDATE_ROLLBACK_COMPLETE");
    expect(await liveVariable("MAX_ATTEMPTS")).toBe("7");
    expect({ resources: await account.resources(stacks), all: await account.everything() }).toEqual(before);

    const next = await synthesizeQuickDev(join(folder, "next"), { variables: { MAX_ATTEMPTS: "5" } });
    await deploy(next);
    expect(await liveVariable("MAX_ATTEMPTS")).toBe("5");
  });
});

describe("the production stacks", () => {
  it("cannot be deleted while their termination protection is on, and leave their data when they are deleted", async () => {
    const assembly = await synthesize("prod", join(folder, "prod"));
    const production = stacksOf(assembly);
    await deploy(assembly);
    const existing = await account.resources(production);
    notePlaceholders(existing);
    const markers = new Markers(emulator, existing);
    await markers.put();

    await expect(destroy(assembly)).rejects.toThrow("cannot be deleted while TerminationProtection is enabled");
    expect(await account.resources(production)).toEqual(existing);

    const turnedOff = blocksOf("docs/deploying.md").filter((block) => block.includes("update-termination-protection"));
    expect(turnedOff).toHaveLength(1);
    await typeIntoBash(turnedOff.join(""), {
      programs: await awsCliIn(folder),
      cwd: folder,
      env: emulator.environment,
    });
    await destroy(assembly);
    expect(await account.resources(production)).toEqual([]);
    expect(await markers.areThere()).toBe(true);
  });
});

it("every type that ministack does not implement is listed in docs/deploying.md", () => {
  const docs = readFileSync(new URL("../../../docs/deploying.md", import.meta.url), "utf8");
  const isListed = (type: string): boolean => docs.slice(docs.indexOf("## In ministack")).includes(`\`${type}\``);
  expect(placeholders.size).toBeGreaterThan(0);
  expect([...placeholders].filter((type) => !isListed(type))).toEqual([]);
});
