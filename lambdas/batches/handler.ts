import { createDynamoDb, createEventBridge, createS3, createSqs } from "../../adapters/aws/clients.ts";
import { dynamoItems } from "../../adapters/aws/dynamodb.ts";
import { eventBridgeBus } from "../../adapters/aws/event-bus.ts";
import { s3BatchFiles } from "../../adapters/aws/s3/batch-files.ts";
import { s3Lists } from "../../adapters/aws/s3/lists.ts";
import { sqsBatches } from "../../adapters/aws/sqs.ts";
import { systemClock } from "../../adapters/node/clock.ts";
import { systemRandom } from "../../adapters/node/random.ts";
import { encodeParquet } from "../../adapters/parquet/encode-parquet.ts";
import { stdoutTelemetry } from "../../adapters/powertools/stdout-telemetry.ts";
import { LINES_IN_A_FILE } from "../../core/batches/batch-lines.ts";
import { sleepBy } from "../../core/lists/sleep.ts";
import { readEnv } from "../read-env.ts";
import { createHandler } from "./create-handler.ts";
import { batchesEnv, type BatchesEnv } from "./env.ts";

function batchesDeps(env: BatchesEnv): Parameters<typeof createHandler>[0] {
  const s3 = createS3(process.env);
  return {
    clock: systemClock,
    random: systemRandom,
    items: dynamoItems(createDynamoDb(), env.TABLE_NAME),
    files: s3BatchFiles(s3, env.ARCHIVE_BUCKET),
    lists: s3Lists(s3, env.ARCHIVE_BUCKET, sleepBy(systemClock)),
    bucket: env.ARCHIVE_BUCKET,
    sendBatch: sqsBatches(createSqs(process.env), env.QUEUE_URL),
    encodeParquet,
    bus: env.EVENT_BUS_NAME === "" ? undefined : eventBridgeBus(createEventBridge(), env.EVENT_BUS_NAME),
    telemetry: stdoutTelemetry(env.ENVIRONMENT_NAME),
    linesInAFile: LINES_IN_A_FILE,
    expandsForMs: env.EXPANDS_FOR_MS,
    known: new Set(),
  };
}

export const handler = createHandler(batchesDeps(readEnv(batchesEnv, process.env)));
