import { createS3, createSqs } from "../../adapters/aws/clients.ts";
import { s3Archive } from "../../adapters/aws/s3/archive.ts";
import { sqsDeadLetters } from "../../adapters/aws/sqs.ts";
import { stdoutTelemetry } from "../../adapters/powertools/stdout-telemetry.ts";
import type { ArchiverDeps } from "../../core/stream/archive.ts";
import { readEnv } from "../read-env.ts";
import { createHandler } from "./create-handler.ts";
import { archiverEnv, type ArchiverEnv } from "./env.ts";

const archiverDeps = (env: ArchiverEnv): ArchiverDeps => ({
  archive: s3Archive(createS3(process.env), env.ARCHIVE_BUCKET),
  deadLetters: sqsDeadLetters(createSqs(process.env), env.DEAD_LETTER_QUEUE_URL),
  telemetry: stdoutTelemetry(env.ENVIRONMENT_NAME),
});

export const handler = createHandler(archiverDeps(readEnv(archiverEnv, process.env)));
