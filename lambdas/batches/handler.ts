import { createDynamoDb, createEventBridge, createS3 } from "../../adapters/aws/clients.ts";
import { dynamoItems } from "../../adapters/aws/dynamodb.ts";
import { eventBridgeBus } from "../../adapters/aws/event-bus.ts";
import { s3BatchFiles } from "../../adapters/aws/s3/batch-files.ts";
import { systemClock } from "../../adapters/node/clock.ts";
import { systemRandom } from "../../adapters/node/random.ts";
import { encodeParquet } from "../../adapters/parquet/encode-parquet.ts";
import { stdoutTelemetry } from "../../adapters/powertools/stdout-telemetry.ts";
import type { FollowerDeps } from "../../core/batches/follow-batches.ts";
import { readEnv } from "../read-env.ts";
import { createHandler } from "./create-handler.ts";
import { batchesEnv, type BatchesEnv } from "./env.ts";

const followerDeps = (env: BatchesEnv): FollowerDeps => ({
  clock: systemClock,
  random: systemRandom,
  items: dynamoItems(createDynamoDb(), env.TABLE_NAME),
  files: s3BatchFiles(createS3(process.env), env.ARCHIVE_BUCKET),
  bucket: env.ARCHIVE_BUCKET,
  encodeParquet,
  bus: env.EVENT_BUS_NAME === "" ? undefined : eventBridgeBus(createEventBridge(), env.EVENT_BUS_NAME),
  telemetry: stdoutTelemetry(env.ENVIRONMENT_NAME),
});

export const handler = createHandler(followerDeps(readEnv(batchesEnv, process.env)));
