/** What an environment keeps when somebody deletes its stacks. */
import path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { buildApp } from "../../../infra/build.ts";
import type { EnvironmentName } from "../../../infra/environments/environments.ts";
import { environmentNames, type Synthesized, synthesized, temporaryFolder, WITHOUT_BUNDLES } from "../synthesize.ts";

const outdir = temporaryFolder();
const templates = {} as Record<EnvironmentName, Synthesized>;

beforeAll(async () => {
  for (const name of environmentNames) templates[name] = await synthesized(name, outdir);
});

describe("the table and the buckets", () => {
  const KEPT = new Set(["AWS::DynamoDB::Table", "AWS::S3::Bucket"]);

  it.each([
    { name: "prod" as const, policy: "Retain", deletionProtection: true, recovery: true },
    { name: "staging" as const, policy: "Delete", deletionProtection: false, recovery: true },
    { name: "dev" as const, policy: "Delete", deletionProtection: false, recovery: false },
    { name: "local" as const, policy: "Delete", deletionProtection: false, recovery: false },
  ])("in $name: on deletion $policy, deletion protection $deletionProtection, recovery $recovery", (row) => {
    const kept = templates[row.name].resources.filter(({ type }) => KEPT.has(type));
    expect(kept.map(({ deletionPolicy }) => deletionPolicy)).toEqual(kept.map(() => row.policy));
    expect(templates[row.name].one("AWS::DynamoDB::Table").properties).toMatchObject({
      DeletionProtectionEnabled: row.deletionProtection,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: row.recovery },
    });
  });
});

describe("termination protection", () => {
  it.each([
    { name: "prod" as const, isProtected: true },
    { name: "staging" as const, isProtected: false },
    { name: "dev" as const, isProtected: false },
  ])("of both stacks of $name is $isProtected", async ({ name, isProtected }) => {
    const props = { outdir: path.join(outdir, `protected-${name}`), context: { env: name, ...WITHOUT_BUNDLES } };
    const { data, pipeline } = await buildApp(props, { validated: false });
    expect([data.terminationProtection, pipeline.terminationProtection]).toEqual([isProtected, isProtected]);
  });
});
