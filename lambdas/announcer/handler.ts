import { createEventBridge, createSqs } from "../../adapters/aws/clients.ts";
import { eventBridgeBus } from "../../adapters/aws/event-bus.ts";
import { sqsDeadLetters } from "../../adapters/aws/sqs.ts";
import { stdoutTelemetry } from "../../adapters/powertools/stdout-telemetry.ts";
import type { AnnouncerDeps } from "../../core/stream/announce.ts";
import { BATCH_BYTES } from "../../core/stream/bus-events.ts";
import { readEnv } from "../read-env.ts";
import { createHandler } from "./create-handler.ts";
import { announcerEnv, type AnnouncerEnv } from "./env.ts";

const announcerDeps = (env: AnnouncerEnv): AnnouncerDeps => ({
  bus: eventBridgeBus(createEventBridge(), env.EVENT_BUS_NAME),
  deadLetters: sqsDeadLetters(createSqs(process.env), env.DEAD_LETTER_QUEUE_URL),
  telemetry: stdoutTelemetry(env.ENVIRONMENT_NAME),
  contentBucket: env.CONTENT_BUCKET,
  batchBytes: env.ANNOUNCEMENTS === "batched" ? BATCH_BYTES : undefined,
});

export const handler = createHandler(announcerDeps(readEnv(announcerEnv, process.env)));
