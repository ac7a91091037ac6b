/** The CDK CLI deploys, redeploys, upgrades and destroys every environment in an account that moto emulates. */
import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { buildApp } from "../../infra/build.ts";
import type { Environment } from "../../infra/environments/environment.ts";
import { Account, type Existing, expectedToBeListed, isPlaceholder } from "./account.ts";
import {
  cdk,
  type DeployedStack,
  lastRelease,
  type Resource,
  stacksOf,
  synthesize,
  synthesizeChanged,
} from "./assembly.ts";
import { ACCOUNT, type Emulator, REGION, startEmulator } from "./emulator.ts";
import { Markers } from "./markers.ts";

type Table = Resource & { readonly Properties: object };
type Templates = [old: string, same: string, other: string];

/** Types that hold data: an upgrade must not replace a resource of them. */
const STATEFUL = new Set(["AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::SQS::Queue"]);

const cleanup = new AsyncDisposableStack();
let emulator: Emulator;
let account: Account;
let folder: string;
const placeholders = new Set<string>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fetchonce-deploy-"));
  cleanup.defer(async () => rm(folder, { recursive: true, force: true }));
  emulator = cleanup.use(await startEmulator());
  account = new Account(emulator);
  await cdk(
    ["bootstrap", `aws://${ACCOUNT}/${REGION}`, "--app", await synthesize("dev", join(folder, "bootstrap"))],
    emulator.environment,
  );
});
afterAll(async () => cleanup.disposeAsync());

/** Without a change set, since moto loses the outputs of a stack that a change set created. */
const deploy = async (assembly: string, ...options: readonly string[]): Promise<string> =>
  cdk(
    ["deploy", "--all", "--require-approval", "never", "--method", "direct", "--app", assembly, ...options],
    emulator.environment,
  );
const destroy = async (assembly: string): Promise<string> =>
  cdk(["destroy", "--all", "--force", "--app", assembly], emulator.environment);

/** One line per type: the count and the type. */
const inventoryOf = (resources: readonly Existing[]): string =>
  Object.entries(Object.groupBy(resources, ({ type }) => type))
    .map(
      ([type, of = []]) =>
        `${of.length} ${type}${of.every(({ physicalId }) => isPlaceholder(physicalId)) ? " (a name only)" : ""}`,
    )
    .toSorted()
    .join("\n");

/** The function's variables whose values the template knows: literals, and names of resources of the same stack. */
function referencesIn(properties: Resource["Properties"], made: ReadonlyMap<string, string>): Record<string, string> {
  const { Variables } = z
    .object({ Variables: z.record(z.string(), z.union([z.string(), z.looseObject({ Ref: z.string().optional() })])) })
    .parse(properties?.["Environment"]);
  return Object.fromEntries(
    Object.entries(Variables).flatMap(([name, value]) => {
      const expected = typeof value === "string" ? value : made.get(value.Ref ?? "");
      return expected === undefined ? [] : [[name, expected]];
    }),
  );
}

const retainedOf = (stacks: readonly DeployedStack[], existing: readonly Existing[]): readonly Existing[] =>
  existing.filter(({ stack, logicalId }) =>
    stacks.some(({ name, resources }) => name === stack && resources[logicalId]?.DeletionPolicy === "Retain"),
  );

describe.each(["dev", "staging", "prod"])("%s", (env) => {
  let assembly: string;
  let stacks: readonly DeployedStack[];
  let atFirst: readonly string[];
  let existing: readonly Existing[];

  beforeAll(async () => {
    assembly = await synthesize(env, join(folder, env));
    stacks = stacksOf(assembly);
    atFirst = await account.everything();
  });

  it("is deployed: every resource and every output of its templates exists", async () => {
    await deploy(assembly);
    existing = await account.resources(stacks);
    for (const { type, physicalId } of existing) if (isPlaceholder(physicalId)) placeholders.add(type);
    console.info(`${env}\n${inventoryOf(existing)}`);

    expect(existing.map(({ stack, logicalId }) => `${stack} ${logicalId}`).toSorted()).toEqual(
      stacks.flatMap(({ name, resources }) => Object.keys(resources).map((id) => `${name} ${id}`)).toSorted(),
    );
    expect(await account.everything()).toEqual([...atFirst, ...expectedToBeListed(existing)].toSorted());
    for (const { name, outputs, isProtected } of stacks) {
      const told = await account.outputs(name);
      expect(Object.keys(told.outputs).toSorted()).toEqual(outputs.toSorted());
      expect(told.isProtected).toBe(isProtected);
    }
  });

  it("is deployed with function variables that name the deployed resources", async () => {
    const made = new Map(existing.map(({ logicalId, physicalId }) => [logicalId, physicalId]));
    const variablesOf = new Map(
      (await account.functions()).map(({ FunctionName, Environment }) => [FunctionName, Environment.Variables]),
    );
    const wanted = stacks
      .flatMap(({ resources }) => Object.entries(resources))
      .filter(([, { Type }]) => Type === "AWS::Lambda::Function")
      .map(([id, { Properties }]) => [made.get(id) ?? "", referencesIn(Properties, made)] as const);
    expect(wanted).not.toEqual([]);
    for (const [name, variables] of wanted) expect(variablesOf.get(name)).toMatchObject(variables);
  });

  it("is not changed by a second deployment, which reports no changes", async () => {
    const said = await deploy(assembly);
    expect(said.match(/✅ .*/g)).toEqual(stacks.map(() => expect.stringContaining("(no changes)")));
    expect(await account.resources(stacks)).toEqual(existing);
  });

  it("is destroyed: the resources with DeletionPolicy Retain are left, and nothing else", async () => {
    await destroy(assembly);
    const retained = retainedOf(stacks, existing);
    expect(await account.everything()).toEqual([...atFirst, ...expectedToBeListed(retained)].toSorted());
  });

  it("is upgraded from the last release without replacing a table, bucket or queue", async () => {
    const before = await account.everything();
    const release = await lastRelease(env, join(folder, `${env}-release`));
    const releasedStacks = stacksOf(release);
    await deploy(release);
    const released = await account.resources(releasedStacks);
    const markers = new Markers(emulator, released);
    await markers.put();

    // moto knows no previous value of a parameter that was left at its default.
    await deploy(assembly, "--no-previous-parameters");
    const upgraded = await account.resources(stacks);
    const stateful = (all: readonly Existing[]): readonly Existing[] => all.filter(({ type }) => STATEFUL.has(type));
    expect(stateful(released)).not.toEqual([]);
    expect(upgraded).toEqual(expect.arrayContaining([...stateful(released)]));
    expect(await markers.areThere()).toBe(true);
    for (const { name, templateFile, resources } of releasedStacks) {
      const now = stacks.find((stack) => stack.name === name)?.templateFile ?? "";
      const replaced = (await emulator.python("replacements.py", templateFile, now)) as string[];
      expect(replaced.filter((id) => STATEFUL.has(resources[id]?.Type ?? ""))).toEqual([]);
    }

    // CloudFormation deletes only empty buckets.
    if (env !== "prod") await markers.emptyBuckets();
    await destroy(assembly);
    const retained = retainedOf(stacks, upgraded);
    expect(retained.map(({ type }) => type).filter((type) => STATEFUL.has(type))).toHaveLength(retained.length);
    expect(retained.length > 0).toBe(env === "prod");
    expect(await account.everything()).toEqual([...before, ...expectedToBeListed(retained)].toSorted());
    expect(retained.length === 0 || (await markers.areThere())).toBe(true);
  });
});

it("the environments stand side by side in one account", async () => {
  const names = ["dev", "staging", "prod"];
  for (const env of names) await deploy(join(folder, env));
  const existing = await account.resources(names.flatMap((env) => stacksOf(join(folder, env))));
  expect(await account.everything()).toEqual(expect.arrayContaining([...expectedToBeListed(existing)]));
  for (const env of names) await destroy(join(folder, env));
});

/** Settings that decide which exports of the data stack the pipeline imports, one change after another. */
const SETTINGS: readonly { readonly to: string; readonly changes: Partial<Environment> }[] = [
  { to: "archive, monitored", changes: { expiredRecords: "archive" } },
  { to: "delete, monitored", changes: { expiredRecords: "delete" } },
  { to: "keep, not monitored", changes: { expiredRecords: "keep", monitoring: undefined, codeDeployment: undefined } },
  { to: "archive, monitored again", changes: { expiredRecords: "archive" } },
  { to: "archive, announcements batched", changes: { announcements: "batched" } },
  { to: "archive, announcements single again", changes: { announcements: "single" } },
];

describe("staging with changed settings", () => {
  const data: (readonly Existing[])[] = [];
  let markers: Markers;

  it.each(SETTINGS)("is deployed over what was deployed before: $to", async ({ to, changes }) => {
    const assembly = await synthesizeChanged("staging", changes, join(folder, to));
    const stacks = stacksOf(assembly);
    await deploy(assembly, "--no-previous-parameters");
    const existing = await account.resources(stacks);
    expect(existing.map(({ stack, logicalId }) => `${stack} ${logicalId}`).toSorted()).toEqual(
      stacks.flatMap(({ name, resources }) => Object.keys(resources).map((id) => `${name} ${id}`)).toSorted(),
    );
    if (data.length === 0) await (markers = new Markers(emulator, existing)).put();
    data.push(existing.filter(({ type }) => STATEFUL.has(type)));
    expect(data.at(-1)).toEqual(data[0]);
    expect(await markers.areThere()).toBe(true);
  });

  it("cannot lose an export that the deployed pipeline imports: the emulator refuses it, as CloudFormation does", async () => {
    const { app, data: dataStack } = await buildApp(
      { outdir: join(folder, "lost"), context: { env: "staging" } },
      // Nobody reads the table's stream any more.
      { validated: false, changes: { announcements: "none", expiredRecords: "delete" } },
    );
    const exported = dataStack.node.findChild("Exports").node.children;
    for (const { node } of exported) if (node.id.includes("StreamArn")) node.scope?.node.tryRemoveChild(node.id);
    app.synth();
    await expect(deploy(join(folder, "lost"), "--no-previous-parameters")).rejects.toThrow(
      /Cannot delete export \S+StreamArn\S+ as it is in use by fetchonce-staging-pipeline/,
    );
  });
});

it.each<{ change: string; changed: (table: Table) => object }>([
  {
    change: "another key",
    changed: (table) => ({ Table: { ...table, Properties: { ...table.Properties, KeySchema: [] } } }),
  },
  {
    change: "a name of its own",
    changed: (table) => ({ Table: { ...table, Properties: { ...table.Properties, TableName: "jobs" } } }),
  },
  { change: "another logical id", changed: (table) => ({ Jobs: table }) },
])("the replacement check reports a table with $change", async ({ changed }) => {
  const [, table] = Object.entries(stacksOf(await lastRelease("dev", join(folder, "dev-released")))[0]?.resources ?? {})
    .filter(([, { Type }]) => Type === "AWS::DynamoDB::Table")
    .flat() as [string, Table];
  const [old, same, other] = ["old", "same", "other"].map((name) => join(folder, `${name}.json`)) as Templates;
  writeFileSync(old, JSON.stringify({ Resources: { Table: table } }));
  writeFileSync(same, JSON.stringify({ Resources: { Table: { ...table, UpdateReplacePolicy: "Delete" } } }));
  writeFileSync(other, JSON.stringify({ Resources: changed(table) }));
  expect(await emulator.python("replacements.py", old, same)).toEqual([]);
  expect(await emulator.python("replacements.py", old, other)).toEqual(["Table"]);
});

it("every type that moto does not implement is listed in docs/deploying.md", () => {
  const docs = readFileSync(new URL("../../docs/deploying.md", import.meta.url), "utf8");
  expect(placeholders.size).toBeGreaterThan(0);
  expect([...placeholders].filter((type) => !docs.includes(type))).toEqual([]);
});
