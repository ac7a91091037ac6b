import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { parseGate } from "../../core/gate.ts";
import { pagesForSlo } from "../../dashboards/catalogue/alarm.ts";
import { alarmsOf } from "../../dashboards/catalogue/alarms.ts";
import { buildApp } from "../../infra/build.ts";
import { environmentNameOf, ENVIRONMENTS } from "../../infra/environments.ts";
import { environmentNames, synthesized, temporaryFolder, WITHOUT_BUNDLES } from "./synthesize.ts";

const outdir = temporaryFolder();

describe("choosing an environment", () => {
  it.each(["prodd", "", "toString", "PROD"])("refuses %j and says which there are", (name) => {
    expect(() => environmentNameOf(name)).toThrow(
      `There is no environment "${name}". Choose one of dev, staging, prod, local: cdk synth -c env=prod`,
    );
  });

  it("ends the program with that sentence alone", () => {
    const run = spawnSync(process.execPath, ["infra/app.ts"], {
      env: { ...process.env, CDK_CONTEXT_JSON: '{"env":"nowhere"}' },
      encoding: "utf8",
    });
    expect(run.status).toBe(1);
    expect(run.stderr.trim()).toMatch(/^There is no environment "nowhere"\. Choose one of [^\n]*$/);
  });

  it.each([
    { context: {}, stackName: "fetchonce-dev" },
    ...environmentNames.map((env) => ({ context: { env }, stackName: `fetchonce-${env}` })),
  ])("with $context makes the stack $stackName", async ({ context, stackName }) => {
    const { stack } = await buildApp({ outdir, context: { ...WITHOUT_BUNDLES, ...context } });
    expect(stack.stackName).toBe(stackName);
  });
});

it("prod bakes each step for as long as the slowest alarm that takes it back looks", () => {
  const { monitoring, ...prod } = ENVIRONMENTS.prod;
  if (!monitoring) throw new Error("prod is not monitored.");
  const watching = alarmsOf({ ...prod, ...monitoring }).filter(pagesForSlo);
  const minutes = watching.flatMap(({ conditions }) => conditions.map((each) => each.periodMinutes * each.periods));
  expect(monitoring.rollout.bakeMs).toBe(Math.max(...minutes) * 60_000);
});

describe.each(environmentNames)("%s", (name) => {
  const environment = ENVIRONMENTS[name];

  it("turns the gate on for every job", () => {
    expect(parseGate(environment.enableIdempotency)).toBe(100);
  });

  it("bakes each step of a rollout for a whole number of the controller's minutes", () => {
    const rollout = environment.monitoring?.rollout;
    for (const spanMs of rollout ? [rollout.bakeMs, rollout.blindMs] : []) {
      expect(spanMs).toBeGreaterThanOrEqual(10 * 60_000);
      expect(spanMs % 60_000).toBe(0);
    }
  });

  it("leaves an invocation time to work before it hands its files on", () => {
    expect(environment.deadlineBufferMs).toBeLessThan(environment.workerTimeoutMs);
  });

  it("backs off for no longer than SQS can delay a message", () => {
    expect(environment.retryBaseMs).toBeLessThanOrEqual(environment.retryCapMs);
    expect(environment.retryCapMs).toBeLessThanOrEqual(900_000);
  });

  it("counts nothing as orphaned that an invocation may still be writing", () => {
    expect(environment.orphanAgeMs).toBeGreaterThan(environment.workerTimeoutMs);
  });

  it("accepts no body longer than the 10,000 parts of one upload", () => {
    expect(environment.partSizeBytes).toBe(8 * 1024 * 1024);
    expect(environment.maxBodyBytes).toBeLessThanOrEqual(10_000 * environment.partSizeBytes);
  });

  it("keeps an unfinished upload for longer than a file may be carried over", async () => {
    const template = await synthesized(name, outdir);
    const { LifecycleConfiguration } = template.one("AWS::S3::Bucket", "Staging").properties as {
      LifecycleConfiguration: { Rules: { AbortIncompleteMultipartUpload?: { DaysAfterInitiation: number } }[] };
    };
    const days = LifecycleConfiguration.Rules.flatMap(
      (rule) => rule.AbortIncompleteMultipartUpload?.DaysAfterInitiation ?? [],
    );
    const longestTransferMs = (environment.maxHops + 1) * environment.workerTimeoutMs;
    expect(days).toEqual([3]);
    expect(3 * 24 * 3600 * 1000).toBeGreaterThan(longestTransferMs);
  });

  it("gives up on a job by the worker's own count before SQS does", async () => {
    const template = await synthesized(name, outdir);
    const { RedrivePolicy } = template.one("AWS::SQS::Queue", "WorkQueue").properties as {
      RedrivePolicy: { maxReceiveCount: number };
    };
    expect(environment.maxAttempts).toBeLessThan(RedrivePolicy.maxReceiveCount);
  });
});
