import { EventBus } from "aws-cdk-lib/aws-events";
import { Duration } from "aws-cdk-lib/core";
import type { Construct } from "constructs";
import { ContentBucket } from "./content-bucket.ts";
import { JobsTable } from "./jobs-table.ts";
import { PrivateBucket } from "./private-bucket.ts";
import { StreamDeadLetters } from "./stream-dead-letters.ts";
import { WorkQueue } from "./work-queue.ts";
import type { Environment } from "../environments/environment.ts";
import type { EnvironmentName } from "../environments/environments.ts";
import { FetchonceStack } from "../environments/fetchonce-stack.ts";
import { UPLOADS_KEPT_DAYS } from "../environments/limits.ts";

/** The stack of everything that must outlive every deployment: jobs, messages and content. It contains no code. */
export class DataStack extends FetchonceStack {
  readonly table: JobsTable;
  readonly work: WorkQueue;
  /** Where bodies are streamed to before they are verified. Nothing in it is needed for longer than a transfer. */
  readonly staging: PrivateBucket;
  readonly content: ContentBucket;
  /** Lives in the data stack, so that redeploying the pipeline never removes subscribers' rules. */
  readonly announcements: EventBus;
  readonly streamDeadLetters: StreamDeadLetters;
  /**
   * Holds expired job records, and batches of them that could not be archived. It exists under every setting: turning
   * archiving off must not delete what it holds.
   */
  readonly archive: PrivateBucket;

  constructor(scope: Construct, name: EnvironmentName, environment: Environment) {
    const { protectData, contentRetentionDays } = environment;
    super(scope, "Fetchonce", {
      name,
      environment,
      suffix: "",
      description: "holds the jobs, their messages and the content. The stack ending in -pipeline works on them.",
    });

    this.table = new JobsTable(this, "Table", environment);
    this.work = new WorkQueue(this, "Work", environment);
    // S3's own log of every request to the other buckets: who accessed which object.
    const accessLogs = new PrivateBucket(this, "AccessLogs", {
      protectData,
      lifecycleRules: [{ id: "ForgetOldLogs", expiration: Duration.days(90) }],
    });
    this.staging = new PrivateBucket(this, "Staging", {
      protectData,
      accessLogs,
      // A safety net for anything that the reconciler's sweep misses.
      lifecycleRules: [
        { id: "AbortForgottenUploads", abortIncompleteMultipartUploadAfter: Duration.days(UPLOADS_KEPT_DAYS) },
        { id: "RemoveForgottenObjects", expiration: Duration.days(7) },
      ],
    });
    this.content = new ContentBucket(this, "Content", {
      protectData,
      accessLogs,
      retentionDays: contentRetentionDays,
    });
    this.announcements = new EventBus(this, "Announcements", {
      // The only resource here that needs an explicit name: CloudFormation generates none for an event bus, and the
      // name that the CDK generates would be the same in every environment.
      eventBusName: this.stackName,
      description: "Announces every file that fetchonce has stored.",
    });
    this.streamDeadLetters = new StreamDeadLetters(this, "StreamDeadLetters");
    this.archive = new PrivateBucket(this, "Archive", { protectData, accessLogs, lifecycleRules: [] });

    this.tell({
      QueueUrl: this.work.queue.queueUrl,
      LongQueueUrl: this.work.longQueue.queueUrl,
      DeadLetterQueueUrl: this.work.deadLetters.queueUrl,
      TableName: this.table.tableName,
      StagingBucketName: this.staging.bucketName,
      ContentBucketName: this.content.bucketName,
      EventBusName: this.announcements.eventBusName,
      StreamDeadLetterQueueUrl: this.streamDeadLetters.queueUrl,
      ArchiveBucketName: this.archive.bucketName,
    });
    this.#exportUnderEverySetting();
  }

  /**
   * Exports what the pipeline imports under some settings only. `cdk deploy --all` begins with this stack, and
   * CloudFormation refuses to take away an export while the deployed pipeline still imports it. Without these lines, a
   * change of `announcements`, `expiredRecords` or `monitoring` could not be deployed.
   */
  #exportUnderEverySetting(): void {
    const { announcements, archive, work, streamDeadLetters, table } = this;
    for (const imported of [archive.bucketName, archive.bucketArn]) this.exportValue(imported);
    for (const imported of [announcements.eventBusName, announcements.eventBusArn]) this.exportValue(imported);
    for (const imported of [table.streamArn, streamDeadLetters.queueUrl, streamDeadLetters.queueArn])
      this.exportValue(imported);
    for (const queue of [work.queue, work.longQueue, work.deadLetters, streamDeadLetters])
      this.exportValue(queue.queueName);
  }
}
