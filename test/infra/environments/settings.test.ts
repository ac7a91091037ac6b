/** Settings that change between two deployments of one environment. */
import path from "node:path";
import { expect, it } from "vitest";
import { buildApp } from "../../../infra/build.ts";
import type { Environment } from "../../../infra/environments/environment.ts";
import { ENVIRONMENTS } from "../../../infra/environments/environments.ts";
import { mergedTemplateOf, Synthesized, temporaryFolder, WITHOUT_BUNDLES } from "../synthesize.ts";

const outdir = temporaryFolder();

it("the data stack exports the same values whatever announcements, expiredRecords and monitoring are, so that each can change", async () => {
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
      .flatMap((changes) => [changes, { ...changes, announcements: "none" as const }])
      .map(exportsOf),
  );
  expect(first).not.toEqual([]);
  expect(others).toEqual(others.map(() => first));
});

const announcing = async (env: string, changes: Partial<Environment>): Promise<Synthesized> => {
  const folder = path.join(outdir, `${env}-${JSON.stringify(changes).replaceAll(/\W/g, "-")}`);
  const { app } = await buildApp(
    { outdir: folder, context: { env, ...WITHOUT_BUNDLES } },
    { validated: false, changes },
  );
  return new Synthesized(mergedTemplateOf(app));
};

it("batched announcements change the announcer's variable and what it collects, and nothing else of it", async () => {
  const [single, batched] = await Promise.all(
    (["single", "batched"] as const).map(async (announcements) => announcing("prod", { announcements })),
  );
  const ofAnnouncer = (template: Synthesized | undefined) =>
    template?.resources.filter(({ id }) => id.startsWith("Announcer")) ?? [];
  const names = ofAnnouncer(single).map(({ id }) => id);
  expect(names.length).toBeGreaterThan(3);
  // The same mapping: it goes on from where it is in the stream.
  expect(ofAnnouncer(batched).map(({ id }) => id)).toEqual(names);
  const changed = ofAnnouncer(batched).filter(
    (resource, at) => JSON.stringify(resource) !== JSON.stringify(ofAnnouncer(single)[at]),
  );
  expect(changed.map(({ type }) => type).toSorted()).toEqual([
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Function",
  ]);
  expect(single?.variablesOf("Announcer")["ANNOUNCEMENTS"]).toBe("single");
  expect(batched?.variablesOf("Announcer")["ANNOUNCEMENTS"]).toBe("batched");
  expect(batched?.one("AWS::Lambda::EventSourceMapping", "Announcer").properties).toMatchObject({
    BatchSize: 500,
    MaximumBatchingWindowInSeconds: 10,
    StartingPosition: "TRIM_HORIZON",
  });
});

it.each([
  { env: "prod", changes: { announcements: "none" }, readers: 1 },
  { env: "prod", changes: { announcements: "none", expiredRecords: "delete" }, readers: 0 },
  { env: "dev", changes: { announcements: "none" }, readers: 0 },
] as const)("without announcements, $env with $changes has no announcer, and nothing waits for one", async (row) => {
  const [template, usual] = await Promise.all([announcing(row.env, row.changes), announcing(row.env, {})]);
  const text = JSON.stringify(template.resources);
  expect(text).not.toMatch(/Announcer|announcements-late|PutEvents/);
  expect(template.outputs).not.toContain("AnnouncerFunctionName");
  const readers = template
    .all("AWS::Lambda::EventSourceMapping")
    .filter(({ properties }) => JSON.stringify(properties["EventSourceArn"]).includes("StreamArn"));
  expect(readers).toHaveLength(row.readers);
  expect(text.includes("stream-dead-letters")).toBe(row.readers > 0);
  expect(text.includes("Age of announced changes")).toBe(false);
  expect(JSON.stringify(usual.resources)).toContain("Age of announced changes");
  // Consumers' rules hang on the bus, and the stream may be read again: both stay, with what holds data.
  const kept = (one: Synthesized) => one.resources.filter(({ type }) => /Table|EventBus|Queue$|Bucket$/.test(type));
  expect(kept(template)).toEqual(kept(usual));
  // New code is judged by its own alarm, as always.
  const watched = template.all("AWS::CodeDeploy::DeploymentGroup").map(({ properties }) => properties);
  expect(watched.length).toBe(usual.all("AWS::CodeDeploy::DeploymentGroup").length);
  for (const group of watched) expect((group["AlarmConfiguration"] as { Alarms: unknown[] }).Alarms).toHaveLength(1);
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
    "WorkerLiveMessages",
  ).properties;
  expect({ ScalingConfig, ProvisionedPollerConfig }).toEqual(mapping);
  // Those of the other queues are settings of their own.
  for (const [id, MaximumConcurrency] of [
    ["WorkerLiveUrgentMessages", 50],
    ["LongWorker", 100],
  ] as const)
    expect(template.one("AWS::Lambda::EventSourceMapping", id).properties).toMatchObject({
      ScalingConfig: { MaximumConcurrency },
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
  const { app, fetchonce } = await buildApp(props, { validated: false, changes });
  const { monitoring: watching } = fetchonce.pipeline;
  const said = (watching?.node.metadata ?? []).map(({ data }) => String(data));
  const warning =
    'The alarms of fetchonce-prod name runbooks that nobody can open: monitoring.runbookBaseUrl is "docs/';
  expect(said.some((text) => text.includes(warning))).toBe(row.warned);
  expect(JSON.stringify(mergedTemplateOf(app))).toContain(`Runbook: ${row.base}/job-completion.md#job-completion-fast`);
});
