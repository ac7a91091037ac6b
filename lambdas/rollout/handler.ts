import { cloudWatchAlarms } from "../../adapters/alarms.ts";
import { createCloudWatch, createDynamoDb } from "../../adapters/clients.ts";
import { systemClock } from "../../adapters/clock.ts";
import { dynamoItems } from "../../adapters/dynamodb.ts";
import { stdoutTelemetry } from "../../adapters/telemetry.ts";
import type { RolloutDeps } from "../../core/control-rollout.ts";
import { readEnv } from "../../core/read-env.ts";
import { createHandler } from "./create-handler.ts";
import { rolloutEnv, type RolloutEnv } from "./env.ts";

const rolloutDeps = (env: RolloutEnv): RolloutDeps => ({
  clock: systemClock,
  items: dynamoItems(createDynamoDb(), { table: env.TABLE_NAME, watchIndex: "watch" }),
  alarms: cloudWatchAlarms(createCloudWatch(), env.ALARM_NAMES.split(",")),
  telemetry: stdoutTelemetry(env.ENVIRONMENT_NAME),
  settings: { bakeMs: env.BAKE_MS, blindMs: env.BLIND_MS },
});

export const handler = createHandler(rolloutDeps(readEnv(rolloutEnv, process.env)));
