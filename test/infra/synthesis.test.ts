import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { Bucket } from "aws-cdk-lib/aws-s3";
import { beforeAll, describe, expect, it } from "vitest";
import { buildApp } from "../../infra/build.ts";
import { mergeStacks, type StackTemplate } from "../embedded-aws/template/merge-stacks.ts";
import { type CfnResource, Synthesized, temporaryFolder, WITHOUT_BUNDLES } from "./synthesize.ts";

const outdir = temporaryFolder();
const TEMPLATES = ["Fetchonce.template.json", "FetchoncePipeline.template.json"];
const readJson = (file: string) => JSON.parse(readFileSync(file, "utf8")) as StackTemplate<CfnResource>;
/** The functions of staging and prod. Dev has no archiver, and local has no archiver and no rollout controller. */
const FUNCTIONS = ["Worker", "Reconciler", "Batches", "Announcer", "Archiver", "Rollout"];
const BUNDLE_BUDGET_BYTES = 546_000;
/** The function that makes batches of lists reads Parquet, whose codecs are 150 KB. */
const BATCHES_BUDGET_BYTES = 660_000;

describe("validation by cdk-nag and CloudFormation's own schema", () => {
  const TO_BE_SET = ["Annotation::fetchonce:nobody-is-paged", "Annotation::fetchonce:runbooks-are-no-links"];
  it.each([
    { env: "dev", changes: {}, found: [] },
    { env: "dev", changes: { announcements: "none" }, found: [] },
    { env: "staging", changes: {}, found: TO_BE_SET },
    { env: "prod", changes: {}, found: TO_BE_SET },
    { env: "prod", changes: { announcements: "batched" }, found: TO_BE_SET },
    { env: "prod", changes: { announcements: "none" }, found: TO_BE_SET },
  ] as const)("finds exactly $found in $env with $changes", async ({ changes, env, found }) => {
    const folder = path.join(outdir, `valid-${env}-${Object.values(changes).join()}`);
    const { app } = await buildApp({ outdir: folder, context: { env, ...WITHOUT_BUNDLES } }, { changes });
    app.synth();
    const report = JSON.parse(readFileSync(path.join(folder, "validation-report.json"), "utf8")) as {
      pluginReports: { violations: { ruleName: string }[] }[];
    };
    const violations = report.pluginReports.flatMap((plugin) => plugin.violations);
    expect(violations.map(({ ruleName }) => ruleName).toSorted()).toEqual(found);
  });

  it("fails the synthesis of a bucket that plain HTTP can reach", async () => {
    const { app, data } = await buildApp({
      outdir: path.join(outdir, "invalid"),
      context: { env: "prod", ...WITHOUT_BUNDLES },
    });
    const careless = new Bucket(data, "Careless");
    expect(() => app.synth()).toThrow(new RegExp(`require requests to use SSL[^]*${careless.node.path}`));
  });
});

describe("node infra/app.ts", () => {
  const folder = path.join(outdir, "program");
  let template: Synthesized;

  beforeAll(() => {
    const run = spawnSync(process.execPath, ["infra/app.ts"], {
      env: { ...process.env, CDK_OUTDIR: folder, CDK_CONTEXT_JSON: '{"env":"staging"}' },
      encoding: "utf8",
    });
    if (run.status !== 0) throw new Error(run.stderr);
    template = new Synthesized(mergeStacks(TEMPLATES.map((name) => readJson(path.join(folder, name)))));
  });

  /** The file that Lambda would run: the asset whose hash is in the function's S3 key. */
  function bundleOf(functionId: string): string {
    const { Code } = template.one("AWS::Lambda::Function", functionId).properties as { Code: { S3Key: string } };
    return path.join(folder, `asset.${path.basename(Code.S3Key, ".zip")}`, "index.mjs");
  }

  it.each(FUNCTIONS)("bundles the %s into one file within the budget, with its source map", (id) => {
    const files = readdirSync(path.dirname(bundleOf(id))).filter((name) => !name.endsWith(".LEGAL.txt"));
    expect(files.sort()).toEqual(["index.mjs", "index.mjs.map"]);
    expect(statSync(bundleOf(id)).size).toBeLessThanOrEqual(
      id === "Batches" ? BATCHES_BUDGET_BYTES : BUNDLE_BUDGET_BYTES,
    );
  });

  it.each(FUNCTIONS)("makes a bundle of the %s that loads without node_modules beside it", (id) => {
    const load = `import(${JSON.stringify(bundleOf(id))}).then(({ handler }) => process.stdout.write(typeof handler))`;
    const run = spawnSync(process.execPath, ["--eval", load], {
      cwd: folder,
      env: { AWS_REGION: "eu-central-1", ...template.deployedVariablesOf(id) },
      encoding: "utf8",
    });
    expect({ handler: run.stdout, stderr: run.stderr }).toEqual({ handler: "function", stderr: "" });
  });
});
