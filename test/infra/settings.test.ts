/** Settings that change between two deployments of one environment. */
import path from "node:path";
import { expect, it } from "vitest";
import { buildApp } from "../../infra/build.ts";
import type { Environment } from "../../infra/environments/environment.ts";
import { ENVIRONMENTS } from "../../infra/environments/environments.ts";
import { mergedTemplateOf, Synthesized, temporaryFolder, WITHOUT_BUNDLES } from "./synthesize.ts";

const outdir = temporaryFolder();

it("the data stack exports the same values whatever expiredRecords and monitoring are, so that either can change", async () => {
  const unmonitored = { monitoring: undefined, codeDeployment: undefined };
  const exportsOf = async (changes: Partial<Environment>, index: number) => {
    const props = { outdir: path.join(outdir, String(index)), context: { env: "staging", ...WITHOUT_BUNDLES } };
    const { app, data } = await buildApp(props, { validated: false, changes });
    const template = app.synth().getStackArtifact(data.artifactId).template as {
      Outputs: Record<string, { Value: unknown; Export?: unknown }>;
    };
    return Object.values(template.Outputs)
      .filter(({ Export }) => Export)
      .map((output) => JSON.stringify(output))
      .toSorted();
  };
  const [first, ...others] = await Promise.all(
    (["archive", "delete", "keep"] as const)
      .flatMap((expiredRecords) => [{ expiredRecords }, { expiredRecords, ...unmonitored }])
      .map(exportsOf),
  );
  expect(first).not.toEqual([]);
  expect(others).toEqual(others.map(() => first));
});

const WARM = { ReadUnitsPerSecond: 12_000 };
it.each([
  { jobs: undefined, table: undefined, index: undefined },
  { jobs: 500, table: { ...WARM, WriteUnitsPerSecond: 4000 }, index: { ...WARM, WriteUnitsPerSecond: 4000 } },
  { jobs: 5000, table: { ...WARM, WriteUnitsPerSecond: 30_000 }, index: { ...WARM, WriteUnitsPerSecond: 10_000 } },
])("warmJobsASecond $jobs warms the table for six writes a job and the index for two", async ({ jobs, ...warm }) => {
  const props = { outdir: path.join(outdir, `warm-${jobs}`), context: { env: "prod", ...WITHOUT_BUNDLES } };
  const { app } = await buildApp(props, { validated: false, changes: { warmJobsASecond: jobs } });
  const { properties } = new Synthesized(mergedTemplateOf(app)).one("AWS::DynamoDB::Table");
  const [index] = properties["GlobalSecondaryIndexes"] as { WarmThroughput?: object }[];
  expect({ table: properties["WarmThroughput"], index: index?.WarmThroughput }).toEqual(warm);
});

it.each([
  {
    what: "a maximum concurrency",
    changes: {},
    mapping: { ScalingConfig: { MaximumConcurrency: 100 }, ProvisionedPollerConfig: undefined },
  },
  {
    what: "provisioned pollers",
    changes: { workerConcurrency: undefined, provisionedPollers: { minimum: 20, maximum: 500 } },
    mapping: { ScalingConfig: undefined, ProvisionedPollerConfig: { MinimumPollers: 20, MaximumPollers: 500 } },
  },
])("the queue's mapping has $what, and not the other", async ({ what, changes, mapping }) => {
  const props = { outdir: path.join(outdir, what), context: { env: "prod", ...WITHOUT_BUNDLES } };
  const { app } = await buildApp(props, { validated: false, changes });
  const template = new Synthesized(mergedTemplateOf(app));
  const { ScalingConfig, ProvisionedPollerConfig } = template.one(
    "AWS::Lambda::EventSourceMapping",
    "Worker",
  ).properties;
  expect({ ScalingConfig, ProvisionedPollerConfig }).toEqual(mapping);
  // The long lane's is a setting of its own.
  expect(template.one("AWS::Lambda::EventSourceMapping", "LongWorker").properties).toMatchObject({
    ScalingConfig: { MaximumConcurrency: 100 },
  });
});

it.each([
  { base: "docs/runbooks", warned: true },
  { base: "https://wiki.example.com/runbooks", warned: false },
])("with runbookBaseUrl $base, synth warns that the alarms' runbooks cannot be opened: $warned", async (row) => {
  const { monitoring } = ENVIRONMENTS.prod;
  if (!monitoring) throw new Error("prod is not monitored.");
  const props = { outdir: path.join(outdir, `base-${row.warned}`), context: { env: "prod", ...WITHOUT_BUNDLES } };
  const changes = { monitoring: { ...monitoring, runbookBaseUrl: row.base } };
  const { app, pipeline } = await buildApp(props, { validated: false, changes });
  const said = pipeline.node.findChild("Monitoring").node.metadata.map(({ data }) => String(data));
  const warning =
    'The alarms of fetchonce-prod name runbooks that nobody can open: monitoring.runbookBaseUrl is "docs/';
  expect(said.some((text) => text.includes(warning))).toBe(row.warned);
  expect(JSON.stringify(mergedTemplateOf(app))).toContain(`Runbook: ${row.base}/job-completion.md#job-completion-fast`);
});
