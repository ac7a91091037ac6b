import { cloudWatchAlarms } from "../../adapters/aws/alarms.ts";
import { createCloudWatch, createDynamoDb } from "../../adapters/aws/clients.ts";
import { systemClock } from "../../adapters/node/clock.ts";
import { dynamoItems } from "../../adapters/aws/dynamodb.ts";
import { stdoutTelemetry } from "../../adapters/powertools/stdout-telemetry.ts";
import type { GateRolloutDeps } from "../../core/gate/control-gate-rollout.ts";
import { readEnv } from "../read-env.ts";
import { createHandler } from "./create-handler.ts";
import { gateRolloutEnv, type GateRolloutEnv } from "./env.ts";

const gateRolloutDeps = (env: GateRolloutEnv): GateRolloutDeps => ({
  clock: systemClock,
  items: dynamoItems(createDynamoDb(), env.TABLE_NAME),
  alarms: cloudWatchAlarms(createCloudWatch(), env.ALARM_NAMES.split(",")),
  telemetry: stdoutTelemetry(env.ENVIRONMENT_NAME),
  settings: { bakeMs: env.BAKE_MS, blindMs: env.BLIND_MS },
});

export const handler = createHandler(gateRolloutDeps(readEnv(gateRolloutEnv, process.env)));
