import type { Construct } from "constructs";
import { BATCH_FILES, LIST_OBJECTS } from "../data/grant-batches.ts";
import { watchIndexArnOf } from "../data/jobs-table.ts";
import type { BatchesEnv } from "../../lambdas/batches/env.ts";
import type { Deployment } from "./handler-function.ts";
import { MinuteFunction } from "./minute-function.ts";
import { permit, permitObjects } from "./permissions.ts";

/** A run ends of itself so long before Lambda would end it. */
const LAST_STEP_MS = 60_000;
const TIMEOUT_MS = 900_000;

/**
 * Makes batches of the lists that somebody puts into the archive, reports on batches whose jobs have all ended, and
 * announces their end. Runs every minute.
 */
export class BatchFollower extends MinuteFunction<BatchesEnv> {
  constructor(scope: Construct, id: string, deployment: Deployment) {
    const { data, environment } = deployment;
    const { announcements, archive, table, work } = data;
    const isAnnounced = environment.announcements !== "none";
    super(scope, id, {
      deployment,
      lambda: "batches",
      description: "Makes batches of lists, and reports on those whose jobs have all ended.",
      timeoutMs: TIMEOUT_MS,
      mayOverlap: true,
      memorySize: 1024,
      nextTickDoesIt: "the next one goes on with the same batches, and an alarm fires if the ticks stop.",
      variables: {
        TABLE_NAME: table.tableName,
        ARCHIVE_BUCKET: archive.bucketName,
        EVENT_BUS_NAME: isAnnounced ? announcements.eventBusName : "",
        QUEUE_URL: work.queue.queueUrl,
        EXPANDS_FOR_MS: String(TIMEOUT_MS - LAST_STEP_MS),
      },
    });

    permit(this.role, table.tableArn, ["dynamodb:UpdateItem", "dynamodb:GetItem", "dynamodb:BatchGetItem"]);
    permit(this.role, watchIndexArnOf(table), ["dynamodb:Query"]);
    permitObjects(this.role, archive, BATCH_FILES, ["s3:GetObject", "s3:PutObject"]);
    permitObjects(this.role, archive, LIST_OBJECTS, ["s3:GetObject"]);
    permit(this.role, work.queue.queueArn, ["sqs:SendMessage"]);
    // Without it, S3 answers 403 in the place of 404 for an object that is not there.
    permit(this.role, archive.bucketArn, ["s3:ListBucket"]);
    if (isAnnounced) permit(this.role, announcements.eventBusArn, ["events:PutEvents"]);
  }
}
