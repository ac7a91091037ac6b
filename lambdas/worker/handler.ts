import { createClients } from "../../adapters/clients.ts";
import { systemClock } from "../../adapters/clock.ts";
import { dynamoItems } from "../../adapters/dynamodb.ts";
import { nodeHttp } from "../../adapters/http.ts";
import { powertoolsLedger } from "../../adapters/ledger.ts";
import { systemRandom } from "../../adapters/random.ts";
import { s3Content } from "../../adapters/s3-content.ts";
import { s3Staging } from "../../adapters/s3-staging.ts";
import { wasmSha256 } from "../../adapters/sha256.ts";
import { sqsQueue } from "../../adapters/sqs.ts";
import { stdoutTelemetry } from "../../adapters/telemetry.ts";
import { GateReader } from "../../core/gate-reader.ts";
import { readEnv } from "../../core/read-env.ts";
import { PartBuffers } from "../../core/part-buffers.ts";
import type { WorkerDeps } from "../../core/worker-deps.ts";
import { createHandler } from "./create-handler.ts";
import { workerEnv, workerSettings, type WorkerEnv } from "./env.ts";

function workerDeps(env: WorkerEnv): WorkerDeps {
  const clients = createClients(process.env);
  const items = dynamoItems(clients.dynamodb, { table: env.TABLE_NAME, watchIndex: "watch" });
  const telemetry = stdoutTelemetry(env.ENVIRONMENT_NAME);
  return {
    clock: systemClock,
    random: systemRandom,
    http: nodeHttp({ connectTimeoutMs: env.HTTP_CONNECT_TIMEOUT_MS, idleTimeoutMs: env.HTTP_IDLE_TIMEOUT_MS }),
    items,
    gate: new GateReader({ clock: systemClock, items, telemetry }),
    staging: s3Staging(clients.s3, env.STAGING_BUCKET),
    content: s3Content(clients.s3, { content: env.CONTENT_BUCKET, staging: env.STAGING_BUCKET }),
    queue: sqsQueue(clients.sqs, { queueUrl: env.QUEUE_URL, deadLetterQueueUrl: env.DEAD_LETTER_QUEUE_URL }),
    sha256: wasmSha256,
    telemetry,
    ledger: powertoolsLedger(systemClock),
    buffers: new PartBuffers(env.PART_BUFFERS, env.PART_SIZE_BYTES),
    settings: workerSettings(env),
  };
}

const env = readEnv(workerEnv, process.env);
export const handler = createHandler(workerDeps(env), env.RECORD_CONCURRENCY);
