import { defineConfig } from "vitest/config";

/** Tests with real processes and real kills: they run after all others and have long timeouts. */
const endToEnd = { testTimeout: 120_000, hookTimeout: 120_000, sequence: { groupOrder: 1 } };
/** More than there are cores: these tests wait for leases and slow origins most of the time. */
const WAITING_WORKERS = 3;

export default defineConfig({
  test: {
    // Two even on two cores, where vitest's default is one: half of the time is spent waiting for leases to expire.
    maxWorkers: 2,
    projects: [
      // A busy machine may take seconds for what takes milliseconds.
      { test: { name: "unit", include: ["test/unit/**/*.test.ts"], testTimeout: 30_000 } },
      // DynamoDB Local may have to be started three times, 30 s each.
      {
        test: { name: "contract", include: ["test/contract/**/*.test.ts"], testTimeout: 30_000, hookTimeout: 120_000 },
      },
      { test: { name: "simulation", include: ["test/simulation/**/*.test.ts"], testTimeout: 60_000 } },
      { test: { name: "infra", include: ["test/infra/**/*.test.ts"], testTimeout: 60_000, hookTimeout: 60_000 } },
      {
        test: {
          name: "alarms",
          include: ["test/alarms/**/*.test.ts"],
          globalSetup: "test/alarms/global-setup.ts",
          testTimeout: 60_000,
        },
      },
      { test: { name: "e2e", include: ["test/e2e/**/*.test.ts"], ...endToEnd, maxWorkers: WAITING_WORKERS } },
      // As the ones before, but not within the five minutes of `npm test`.
      { test: { name: "slow", include: ["test/slow/**/*.test.ts"], ...endToEnd, maxWorkers: WAITING_WORKERS } },
      // Computations of minutes, which wait for nothing.
      {
        test: {
          name: "computed",
          include: ["test/computed/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: "package",
          include: ["test/package/**/*.test.ts"],
          globalSetup: "test/package/install.ts",
          ...endToEnd,
        },
      },
      { test: { name: "browser", include: ["test/browser/**/*.test.ts"], ...endToEnd } },
      { test: { name: "servers", include: ["test/servers/**/*.test.ts"], ...endToEnd } },
      {
        test: {
          name: "deploy",
          include: ["test/deploy/**/*.test.ts"],
          globalSetup: "test/deploy/install.ts",
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: "long",
          include: ["test/long/**/*.test.ts"],
          ...endToEnd,
          sequence: { groupOrder: 3 },
          fileParallelism: false,
        },
      },
    ],
    coverage: {
      provider: "v8",
      include: ["core/**/*.ts", "adapters/**/*.ts", "lambdas/**/*.ts"],
      reporter: ["text-summary", "json-summary"],
      thresholds: { lines: 95, branches: 95 },
    },
  },
});
