import { createClients } from "../../adapters/clients.ts";
import { systemClock } from "../../adapters/clock.ts";
import { dynamoItems } from "../../adapters/dynamodb.ts";
import { s3Staging } from "../../adapters/s3-staging.ts";
import { sqsQueue } from "../../adapters/sqs.ts";
import { stdoutTelemetry } from "../../adapters/telemetry.ts";
import { readEnv } from "../../core/read-env.ts";
import type { ReconcilerDeps } from "../../core/reconcile.ts";
import { createHandler } from "./create-handler.ts";
import { reconcilerEnv, type ReconcilerEnv } from "./env.ts";

function reconcilerDeps(env: ReconcilerEnv): ReconcilerDeps {
  const clients = createClients(process.env);
  return {
    clock: systemClock,
    items: dynamoItems(clients.dynamodb, { table: env.TABLE_NAME, watchIndex: "watch" }),
    queue: sqsQueue(clients.sqs, { queueUrl: env.QUEUE_URL, deadLetterQueueUrl: env.DEAD_LETTER_QUEUE_URL }),
    staging: s3Staging(clients.s3, env.STAGING_BUCKET),
    telemetry: stdoutTelemetry(env.ENVIRONMENT_NAME),
    settings: {
      requeueGraceMs: env.REQUEUE_GRACE_MS,
      recoverLimit: env.RECOVER_LIMIT,
      sweepLimit: env.SWEEP_LIMIT,
      orphanAgeMs: env.ORPHAN_AGE_MS,
    },
  };
}

export const handler = createHandler(reconcilerDeps(readEnv(reconcilerEnv, process.env)));
