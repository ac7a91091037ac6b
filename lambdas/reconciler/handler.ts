import { createClients } from "../../adapters/aws/clients.ts";
import { systemClock } from "../../adapters/node/clock.ts";
import { dynamoItems } from "../../adapters/aws/dynamodb.ts";
import { s3Staging } from "../../adapters/aws/s3/staging.ts";
import { sqsQueue } from "../../adapters/aws/sqs.ts";
import { watchClock } from "../../adapters/aws/watch-clock.ts";
import { systemRandom } from "../../adapters/node/random.ts";
import { stdoutTelemetry } from "../../adapters/powertools/stdout-telemetry.ts";
import { readEnv } from "../read-env.ts";
import type { ReconcilerDeps } from "../../core/recovery/reconcile.ts";
import { createHandler } from "./create-handler.ts";
import { reconcilerEnv, type ReconcilerEnv } from "./env.ts";

function reconcilerDeps(env: ReconcilerEnv): ReconcilerDeps {
  const clients = createClients(process.env);
  const telemetry = stdoutTelemetry(env.ENVIRONMENT_NAME);
  return {
    clock: systemClock,
    random: systemRandom,
    items: dynamoItems(watchClock(clients.dynamodb, telemetry, "reconciler"), env.TABLE_NAME),
    queue: sqsQueue(clients.sqs, {
      queueUrl: env.QUEUE_URL,
      longQueueUrl: env.LONG_QUEUE_URL,
      deadLetterQueueUrl: env.DEAD_LETTER_QUEUE_URL,
    }),
    staging: s3Staging(clients.s3, env.STAGING_BUCKET),
    telemetry,
    settings: {
      requeueGraceMs: env.REQUEUE_GRACE_MS,
      endsWatch: env.UNWATCHED_FOR_MS > 0,
      recoverLimit: env.RECOVER_LIMIT,
      sweepLimit: env.SWEEP_LIMIT,
      orphanAgeMs: env.ORPHAN_AGE_MS,
    },
  };
}

export const handler = createHandler(reconcilerDeps(readEnv(reconcilerEnv, process.env)));
