import { EventBus, type IEventBus } from "aws-cdk-lib/aws-events";
import type { IKey } from "aws-cdk-lib/aws-kms";
import type { IBucket } from "aws-cdk-lib/aws-s3";
import { Duration, Stack } from "aws-cdk-lib/core";
import { Construct } from "constructs";
import { ContentBucket } from "./content-bucket.ts";
import { type JobRecords, JobsTable, recordsIn } from "./jobs-table.ts";
import { PrivateBucket } from "./private-bucket.ts";
import { StreamDeadLetters } from "./stream-dead-letters.ts";
import { WorkQueue } from "./work-queue.ts";
import type { Existing } from "./existing.ts";
import { tell } from "../shared/outputs.ts";
import type { Environment } from "../environments/environment.ts";
import { UPLOADS_KEPT_DAYS } from "../environments/limits.ts";

export interface DataProps {
  readonly environment: Environment;
  /** CloudFormation generates no name for an event bus. */
  readonly eventBusName: string;
  readonly existing: Existing;
  /** Encrypts all of it. Undefined: keys that AWS owns or manages. */
  readonly encryptionKey: IKey | undefined;
}

/** Everything that must outlive every deployment: jobs, messages and content. It contains no code. */
export class Data extends Construct {
  readonly table: JobRecords;
  readonly work: WorkQueue;
  /** Where bodies are streamed to before they are verified. Nothing in it is needed for longer than a transfer. */
  readonly staging: PrivateBucket;
  readonly content: IBucket;
  /** Lives with the data, so that redeploying the pipeline never removes subscribers' rules. */
  readonly announcements: IEventBus;
  readonly streamDeadLetters: StreamDeadLetters;
  /**
   * Holds expired job records, and batches of them that could not be archived; the lines of lists that were submitted,
   * and their reports. It exists under every setting: turning archiving off must not delete what it holds.
   */
  readonly archive: PrivateBucket;
  /** The customer's keys that encrypt parts of it. */
  readonly keys: readonly IKey[];

  constructor(scope: Construct, id: string, { encryptionKey, environment, eventBusName, existing }: DataProps) {
    super(scope, id);
    const { protectData, contentRetentionDays } = environment;
    const own = { protectData, encryptionKey };

    const { contentBucket, table } = existing;
    const keys = [encryptionKey, contentBucket?.encryptionKey, table?.encryptionKey];
    this.keys = [...new Set(keys.filter((key) => key !== undefined))];
    this.table = table ? recordsIn(table) : new JobsTable(this, "Table", { ...environment, encryptionKey });
    this.work = new WorkQueue(this, "Work", { ...environment, encryptionKey });
    // S3's own log of every request to the other buckets: who accessed which object. It can write with no key but S3's.
    const accessLogs = new PrivateBucket(this, "AccessLogs", {
      protectData,
      lifecycleRules: [{ id: "ForgetOldLogs", expiration: Duration.days(90) }],
    });
    this.staging = new PrivateBucket(this, "Staging", {
      ...own,
      accessLogs,
      // A safety net for anything that the reconciler's sweep misses.
      lifecycleRules: [
        { id: "AbortForgottenUploads", abortIncompleteMultipartUploadAfter: Duration.days(UPLOADS_KEPT_DAYS) },
        { id: "RemoveForgottenObjects", expiration: Duration.days(7) },
      ],
    });
    this.content =
      contentBucket ??
      // The library's own Bucket is not an IBucket under exactOptionalPropertyTypes, nor its EventBus an IEventBus.
      (new ContentBucket(this, "Content", { ...own, accessLogs, retentionDays: contentRetentionDays }) as IBucket);
    this.announcements =
      existing.eventBus ??
      (new EventBus(this, "Announcements", {
        eventBusName,
        description: "Announces every file that fetchonce has stored.",
        ...(encryptionKey && { kmsKey: encryptionKey }),
      }) as IEventBus);
    this.streamDeadLetters = new StreamDeadLetters(this, "StreamDeadLetters", encryptionKey);
    this.archive = new PrivateBucket(this, "Archive", { ...own, accessLogs, lifecycleRules: [] });

    tell(this, {
      QueueUrl: this.work.queue.queueUrl,
      UrgentQueueUrl: this.work.urgentQueue.queueUrl,
      LongQueueUrl: this.work.longQueue.queueUrl,
      DeadLetterQueueUrl: this.work.deadLetters.queueUrl,
      TableName: this.table.tableName,
      StagingBucketName: this.staging.bucketName,
      ContentBucketName: this.content.bucketName,
      EventBusName: this.announcements.eventBusName,
      StreamDeadLetterQueueUrl: this.streamDeadLetters.queueUrl,
      ArchiveBucketName: this.archive.bucketName,
      BatchesBucketName: this.archive.bucketName,
    });
  }

  /**
   * Exports what a pipeline in another stack imports under some settings only. `cdk deploy --all` begins with the stack
   * of the data, and CloudFormation refuses to take away an export while the deployed pipeline still imports it.
   * Without this, a change of `announcements`, `expiredRecords` or `monitoring` could not be deployed.
   */
  exportUnderEverySetting(): void {
    const { announcements, archive, work, streamDeadLetters, table } = this;
    const stack = Stack.of(this);
    for (const imported of [archive.bucketName, archive.bucketArn]) stack.exportValue(imported);
    for (const imported of [announcements.eventBusName, announcements.eventBusArn]) stack.exportValue(imported);
    for (const imported of [table.streamArn, streamDeadLetters.queueUrl, streamDeadLetters.queueArn])
      stack.exportValue(imported);
    for (const queue of [work.queue, work.urgentQueue, work.longQueue, work.deadLetters, streamDeadLetters])
      stack.exportValue(queue.queueName);
  }
}
