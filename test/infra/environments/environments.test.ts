import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { parseGate } from "../../../core/gate/gate.ts";
import { pagesForSlo } from "../../../dashboards/catalogue/alarm.ts";
import { alarmsOf } from "../../../dashboards/catalogue/alarms.ts";
import { buildApp } from "../../../infra/build.ts";
import { refuseWrongSettings } from "../../../infra/environments/environment-rules.ts";
import type { Environment, Monitoring } from "../../../infra/environments/environment.ts";
import { environmentNamed, ENVIRONMENTS } from "../../../infra/environments/environments.ts";
import { environmentNames, temporaryFolder, WITHOUT_BUNDLES } from "../synthesize.ts";

const outdir = temporaryFolder();

describe("choosing an environment", () => {
  it.each(["prodd", "", "toString", "PROD"])("refuses the unknown name %j and lists the known ones", (name) => {
    expect(() => environmentNamed(name)).toThrow(
      `There is no environment "${name}". Choose one of dev, staging, prod: -c env=prod`,
    );
  });

  it("refuses to guess one if none is named", async () => {
    await expect(buildApp({ outdir })).rejects.toThrow(
      "No environment is named. Choose one of dev, staging, prod: -c env=prod",
    );
  });

  it("does not offer the environment of the tests to the CDK's command line", () => {
    const run = spawnSync("npx", ["cdk", "synth", "-c", "env=local", "-q", "--no-notices", "-o", `${outdir}/refused`], {
      encoding: "utf8",
    });
    expect(run.status).toBe(1);
    expect(run.stderr).toContain(
      'The environment "local" is made for tests, and cannot be deployed. Choose one of dev',
    );
  });

  it("ends infra/app.ts with exit code 1 and one sentence on standard error if the name is unknown", () => {
    const run = spawnSync(process.execPath, ["infra/app.ts"], {
      env: { ...process.env, CDK_CONTEXT_JSON: '{"env":"nowhere"}' },
      encoding: "utf8",
    });
    expect(run.status).toBe(1);
    expect(run.stderr.trim()).toMatch(/^There is no environment "nowhere"\. Choose one of [^\n]*$/);
  });

  it.each(environmentNames.map((env) => ({ context: { env }, stackName: `fetchonce-${env}` })))(
    "with context $context names the stacks $stackName and $stackName-pipeline",
    async ({ context, stackName }) => {
      const { data, pipeline } = await buildApp({ outdir, context: { ...WITHOUT_BUNDLES, ...context } });
      expect([data.stackName, pipeline.stackName]).toEqual([stackName, `${stackName}-pipeline`]);
    },
  );
});

it("prod bakes each rollout step for as long as the longest window of the alarms that roll it back", () => {
  const { monitoring, ...prod } = ENVIRONMENTS.prod;
  if (!monitoring) throw new Error("prod is not monitored.");
  const watching = alarmsOf({ ...prod, ...monitoring }).filter(pagesForSlo);
  const minutes = watching.flatMap(({ conditions }) => conditions.map((each) => each.periodMinutes * each.periods));
  expect(monitoring.gateRollout.bakeMs).toBe(Math.max(...minutes) * 60_000);
});

const pollers = (minimum: number, maximum: number): Partial<Environment> => ({
  workerConcurrency: undefined,
  provisionedPollers: { minimum, maximum },
});

describe("settings that do not fit together", () => {
  const { prod } = ENVIRONMENTS;
  const MONITORING = prod.monitoring as Monitoring;
  const refusalOf = (change: Partial<Environment>, isDeployed = true) => {
    try {
      refuseWrongSettings("prod", { ...prod, ...change }, isDeployed);
      return "none";
    } catch (error) {
      return error instanceof RangeError ? error.message.split("\n").slice(1).join("\n").trim() : error;
    }
  };

  it.each<[Partial<Environment>, string]>([
    [{ enableIdempotency: "yes" }, 'is "yes". Write true, false, or the percentage of jobs, 0 to 100.'],
    [
      { workerTimeoutMs: 900_001, visibilityTimeoutMs: 900_001 },
      "workerTimeoutMs is 900001. Write a whole number from 1000",
    ],
    [{ visibilityTimeoutMs: 119_999 }, "visibilityTimeoutMs is 119999. Write a whole number from 120000 to 43200000"],
    [
      { longWorkerTimeoutMs: 900_001, longVisibilityTimeoutMs: 900_001 },
      "longWorkerTimeoutMs is 900001. Write a whole number from 120000 to 900000",
    ],
    [
      { longVisibilityTimeoutMs: 899_999 },
      "longVisibilityTimeoutMs is 899999. Write a whole number from 900000 to 43200000",
    ],
    [{ longFromBytes: 0 }, "longFromBytes is 0. Write a whole number of at least 1"],
    [{ shortLaneMs: 119_001 }, "shortLaneMs is 119001. Write a whole number from 1000 to 119000"],
    [{ workerConcurrency: 1 }, "workerConcurrency is 1. Write a whole number from 2 to 1000"],
    [{ workerConcurrency: 1001 }, "workerConcurrency is 1001. Write a whole number from 2 to 1000"],
    [{ workerConcurrency: undefined }, "workerConcurrency is undefined. Write a whole number from 2 to 1000"],
    [
      { provisionedPollers: { minimum: 2, maximum: 20 } },
      "workerConcurrency is 100 and provisionedPollers is set. Write workerConcurrency: undefined",
    ],
    [pollers(1, 20), "provisionedPollers.minimum is 1. Write a whole number from 2 to 200"],
    [pollers(201, 2000), "provisionedPollers.minimum is 201. Write a whole number from 2 to 200"],
    [pollers(20, 19), "provisionedPollers.maximum is 19. Write a whole number from 20 to 2000"],
    [pollers(20, 2001), "provisionedPollers.maximum is 2001. Write a whole number from 20 to 2000"],
    [{ longWorkerConcurrency: 1001 }, "longWorkerConcurrency is 1001. Write a whole number from 2 to 1000"],
    [{ workerMemoryMib: 10_241 }, "workerMemoryMib is 10241. Write a whole number from 128 to 10240"],
    [{ longWorkerMemoryMib: 127 }, "longWorkerMemoryMib is 127. Write a whole number from 128 to 10240"],
    [{ recordConcurrency: 11 }, "recordConcurrency is 11. Write a whole number from 1 to 10"],
    [
      { partSizeBytes: 5 * 1024 * 1024 - 1, maxBodyBytes: 1 },
      "partSizeBytes is 5242879. Write a whole number from 5242880",
    ],
    [{ partBuffers: 1 }, "partBuffers is 1. Write a whole number of at least 2"],
    [
      { maxBodyBytes: 5 * 1024 ** 4 + 1 },
      "maxBodyBytes is 5497558138881. Write a whole number from 1 to 5497558138880",
    ],
    [{ leaseTtlMs: 2999 }, "leaseTtlMs is 2999. Write a whole number of at least 3000"],
    [{ deadlineBufferMs: 119_001 }, "deadlineBufferMs is 119001. Write a whole number from 1000 to 119000"],
    [{ longDeadlineBufferMs: 900_000 }, "longDeadlineBufferMs is 900000. Write a whole number from 1000 to 899000"],
    [{ maxAttempts: 16 }, "maxAttempts is 16. Write a whole number from 1 to 15"],
    [{ requeueGraceMs: -1 }, "requeueGraceMs is -1. Write a whole number of at least 0"],
    [{ maxHops: 0 }, "maxHops is 0. Write a whole number from 1 to 286"],
    [{ maxHops: 287 }, "maxHops is 287. Write a whole number from 1 to 286: a long file needs further invocations"],
    [{ httpConnectTimeoutMs: 0 }, "httpConnectTimeoutMs is 0. Write a whole number from 1 to 120000"],
    [{ httpIdleTimeoutMs: 900_001 }, "httpIdleTimeoutMs is 900001. Write a whole number from 1 to 120000"],
    [{ retryBaseMs: 900_001 }, "retryBaseMs is 900001. Write a whole number from 1 to 900000"],
    [{ retryCapMs: 900_001 }, "retryCapMs is 900001. Write a whole number from 1 to 900000"],
    [
      { recordRetentionDays: 14 },
      "recordRetentionDays is 14. Write a whole number of at least 15: a message may come back",
    ],
    [
      { contentRetentionDays: 36 },
      "contentRetentionDays is 36. Write undefined or a whole number of at least 37: a record answers duplicates",
    ],
    [
      { contentRetentionDays: 400, expiredRecords: "keep" as const },
      'contentRetentionDays is 400 and expiredRecords is "keep". Write contentRetentionDays: undefined',
    ],
    [{ holdEventsMs: 60_001 }, "holdEventsMs is 60001. Write a whole number from 0 to 60000"],
    [{ logSamplePercent: 101 }, "logSamplePercent is 101. Write a whole number from 0 to 100"],
    [
      { holdEventsMs: 0, logSamplePercent: 99 },
      "logSamplePercent is 99 and holdEventsMs is 0. Write logSamplePercent: 100",
    ],
    [{ warmJobsASecond: 499 }, "warmJobsASecond is 499. Write undefined or a whole number from 500 to 32000"],
    [{ warmJobsASecond: 32_001 }, "warmJobsASecond is 32001. Write undefined or a whole number from 500 to 32000"],
    [
      { warmJobsASecond: 4001, watchShards: 8 },
      "warmJobsASecond is 4001. Write undefined or a whole number from 500 to 4000",
    ],
    [{ watchShards: 7 }, "watchShards is 7. Write a whole number from 8 to 64"],
    [{ watchShards: 65 }, "watchShards is 65. Write a whole number from 8 to 64"],
    [{ recoverLimit: 0 }, "recoverLimit is 0"],
    [{ sweepLimit: 1.5 }, "sweepLimit is 1.5"],
    [{ orphanAgeMs: 900_000 }, "orphanAgeMs is 900000. Write a whole number of at least 900001"],
    [
      { monitoring: { ...MONITORING, gateRollout: { bakeMs: 599_999, blindMs: 600_000 } } },
      "gateRollout.bakeMs is 599999. Write",
    ],
    [
      { monitoring: { ...MONITORING, gateRollout: { bakeMs: 600_000, blindMs: 660_001 } } },
      "gateRollout.blindMs is 660001. Write",
    ],
    [{ monitoring: undefined }, "Write codeDeployment: undefined: no alarm would stop bad code."],
    [{ leaseTtlMs: Number.NaN }, "leaseTtlMs is NaN"],
  ])("%j are refused with what to write instead", (change, says) => {
    expect(refusalOf(change)).toContain(says);
    expect(refusalOf(change)).not.toContain("\n");
  });

  it("are all named in one error", () => {
    expect(refusalOf({ workerConcurrency: 1, leaseTtlMs: 1 })).toMatch(
      /^leaseTtlMs [^\n]*\n +workerConcurrency [^\n]*$/,
    );
  });

  it("do not include visibility timeouts below those of the workers where the stack is not deployed to AWS", () => {
    expect(refusalOf({ visibilityTimeoutMs: 10_000, longVisibilityTimeoutMs: 10_000 }, false)).toBe("none");
  });

  it.each(environmentNames)("do not occur in %s, where the gate admits every job", (name) => {
    expect(() => refuseWrongSettings(name, ENVIRONMENTS[name], name !== "local")).not.toThrow();
    expect(parseGate(ENVIRONMENTS[name].enableIdempotency)).toBe(100);
  });
});
