import { nodeDecoder } from "../../adapters/node/decoder.ts";
import { createClients } from "../../adapters/aws/clients.ts";
import { systemClock } from "../../adapters/node/clock.ts";
import { dynamoItems } from "../../adapters/aws/dynamodb.ts";
import { nodeHttp } from "../../adapters/http/node-http.ts";
import { proxiesOf } from "../../adapters/http/proxies.ts";
import { powertoolsLedger } from "../../adapters/powertools/ledger.ts";
import { systemRandom } from "../../adapters/node/random.ts";
import { s3Content } from "../../adapters/aws/s3/content.ts";
import { s3Staging } from "../../adapters/aws/s3/staging.ts";
import { wasmDigests } from "../../adapters/node/digests.ts";
import { secretsManager } from "../../adapters/aws/secrets-manager.ts";
import { watchClock } from "../../adapters/aws/watch-clock.ts";
import { isArnOf, sqsInbox, sqsQueue } from "../../adapters/aws/sqs.ts";
import { stdoutTelemetry } from "../../adapters/powertools/stdout-telemetry.ts";
import { GateReader } from "../../core/gate/gate-reader.ts";
import { HostRulesReader } from "../../core/flow/host-rules-reader.ts";
import { Hosts } from "../../core/flow/hosts.ts";
import { FREE } from "../../core/origin/host-visit.ts";
import { HeadMemory } from "../../core/origin/head-memory.ts";
import { RobotsMemory } from "../../core/origin/robots/robots.ts";
import { HostMemory } from "../../core/origin/host-memory.ts";
import { readEnv } from "../read-env.ts";
import { PartBuffers } from "../../core/transfer/part-buffers.ts";
import type { WorkerDeps } from "../../core/worker/worker-deps.ts";
import { createHandler, type Source } from "./create-handler.ts";
import { workerEnv, workerSettings, type WorkerEnv } from "./env.ts";

type Clients = ReturnType<typeof createClients>;

function sourceAt(queueUrl: string, env: WorkerEnv, { sqs }: Clients): Source {
  const urls = { queueUrl, longQueueUrl: env.LONG_QUEUE_URL, deadLetterQueueUrl: env.DEAD_LETTER_QUEUE_URL };
  // A batch of the long lane is one message: whoever holds it keeps nobody waiting.
  const takesMore = env.HELD_BATCH_TAKES_MORE && env.LANE === "short";
  return { queue: sqsQueue(sqs, urls), inbox: takesMore ? sqsInbox(sqs, queueUrl) : undefined };
}

function workerDeps(env: WorkerEnv, clients: Clients, { queue }: Source): WorkerDeps {
  const telemetry = stdoutTelemetry(env.ENVIRONMENT_NAME, {
    holdMs: env.HOLD_EVENTS_MS,
    samplePercent: env.LOG_SAMPLE_PERCENT,
  });
  const items = dynamoItems(watchClock(clients.dynamodb, telemetry, "worker"), env.TABLE_NAME);
  const settings = workerSettings(env);
  const http = nodeHttp(
    { connectTimeoutMs: env.HTTP_CONNECT_TIMEOUT_MS, idleTimeoutMs: env.HTTP_IDLE_TIMEOUT_MS },
    { proxies: proxiesOf(process.env) },
  );
  const content = s3Content(clients.s3, { content: env.CONTENT_BUCKET, staging: env.STAGING_BUCKET });
  return {
    clock: systemClock,
    random: systemRandom,
    hosts: new Hosts({
      clock: systemClock,
      random: systemRandom,
      items,
      pool: http,
      // Whoever turns the gate off here may do so because the table is down.
      operators: settings.gateCeiling > 0 ? new HostRulesReader({ clock: systemClock, items, telemetry }) : undefined,
      settings,
    }),
    visit: FREE,
    http,
    heads: new HeadMemory(),
    robots: new RobotsMemory(),
    ranges: new HostMemory(),
    items,
    gate: new GateReader({ clock: systemClock, items, telemetry }),
    staging: s3Staging(clients.s3, env.STAGING_BUCKET),
    content,
    direct: content,
    queue,
    decoder: nodeDecoder,
    secrets: secretsManager(
      clients.dynamodb,
      {
        prefix: env.SECRETS_PREFIX === "" ? undefined : env.SECRETS_PREFIX,
        endpoint: process.env["AWS_ENDPOINT_URL_SECRETS_MANAGER"] ?? process.env["AWS_ENDPOINT_URL"],
      },
      systemClock,
    ),
    digests: wasmDigests,
    telemetry,
    ledger: powertoolsLedger(systemClock),
    buffers: new PartBuffers(env.PART_BUFFERS, env.PART_SIZE_BYTES),
    settings,
  };
}

const env = readEnv(workerEnv, process.env);
const clients = createClients(process.env);
const own = sourceAt(env.QUEUE_URL, env, clients);
const urgent = sourceAt(env.URGENT_QUEUE_URL, env, clients);
export const handler = createHandler(workerDeps(env, clients, own), env.RECORD_CONCURRENCY, (queueArn) =>
  isArnOf(queueArn, env.URGENT_QUEUE_URL) ? urgent : own,
);
