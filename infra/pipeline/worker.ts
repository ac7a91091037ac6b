import { Alias, type EventSourceMappingOptions, type IVersion, RecursiveLoop } from "aws-cdk-lib/aws-lambda";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import { ArnFormat, Stack, Validations } from "aws-cdk-lib/core";
import type { Construct } from "constructs";
import { stagingKey } from "../../core/model/keys.ts";
import type { WorkerEnv } from "../../lambdas/worker/env.ts";
import packageJson from "../../package.json" with { type: "json" };
import type { Environment } from "../environments/environment.ts";
import { type Deployment, HandlerFunction, type HandlerFunctionProps } from "./handler-function.ts";
import { permit, permitObjects } from "./permissions.ts";

interface Source {
  readonly id: string;
  readonly queue: Queue;
  readonly polling: Pick<EventSourceMappingOptions, "maxConcurrency" | "provisionedPollerConfig">;
}

interface Lane {
  readonly name: WorkerEnv["LANE"];
  readonly description: string;
  /** Its own queue, then such as are worked off beside it. */
  readonly sources: readonly [Source, ...Source[]];
  readonly batchSize: number;
  readonly recordConcurrency: number;
  readonly timeoutMs: number;
  readonly deadlineBufferMs: number;
  readonly memorySize: number;
}

/** More than 10 would require a batching window, and ten files are enough for one invocation. */
const BATCH_SIZE = 10;

/** How many invocations the mapping makes at the same time. Lambda accepts one of the two. */
const pollingOf = ({ provisionedPollers: pollers, workerConcurrency }: Environment): Source["polling"] => ({
  ...(pollers && { provisionedPollerConfig: { minimumPollers: pollers.minimum, maximumPollers: pollers.maximum } }),
  ...(workerConcurrency !== undefined && { maxConcurrency: workerConcurrency }),
});

/** A batch ends with its slowest file. So what is long goes to a worker that takes one at a time. */
const laneOf = ({ data: { work }, environment }: Deployment, name: Lane["name"]): Lane =>
  name === "short"
    ? {
        name,
        description: "Downloads what the messages of a batch point at, exactly once.",
        sources: [
          { id: "Messages", queue: work.queue, polling: pollingOf(environment) },
          {
            id: "UrgentMessages",
            queue: work.urgentQueue,
            polling: { maxConcurrency: environment.urgentWorkerConcurrency },
          },
        ],
        batchSize: BATCH_SIZE,
        recordConcurrency: environment.recordConcurrency,
        timeoutMs: environment.workerTimeoutMs,
        deadlineBufferMs: environment.deadlineBufferMs,
        memorySize: environment.workerMemoryMib,
      }
    : {
        name,
        description: "Downloads long files, one at a time, exactly once.",
        sources: [
          {
            id: "Messages",
            queue: work.longQueue,
            polling: { maxConcurrency: environment.longWorkerConcurrency },
          },
        ],
        batchSize: 1,
        recordConcurrency: 1,
        timeoutMs: environment.longWorkerTimeoutMs,
        deadlineBufferMs: environment.longDeadlineBufferMs,
        memorySize: environment.longWorkerMemoryMib,
      };

/** Takes jobs off the queue of its lane, and downloads them. */
export class Worker extends HandlerFunction<WorkerEnv> {
  /** Points to the version that receives the messages; to two versions while new code is rolled out. */
  readonly live: Alias;

  constructor(scope: Construct, id: string, deployment: Deployment, laneName: Lane["name"]) {
    const { environment } = deployment;
    const lane = laneOf(deployment, laneName);
    const { table, work, staging, content } = deployment.data;
    super(scope, id, {
      deployment,
      lambda: "worker",
      description: lane.description,
      timeoutMs: lane.timeoutMs,
      memorySize: lane.memorySize,
      // The worker hands a long file to the next invocation with a new message. Lambda would take that for a recursive
      // loop and stop it after 16 invocations. The worker's own hop count bounds the chain.
      recursiveLoop: RecursiveLoop.ALLOW,
      variables: variables(deployment, lane),
    });

    this.live = new Alias(this, "Live", {
      aliasName: "live",
      // The library's own Version is not an IVersion under exactOptionalPropertyTypes.
      version: this.function.currentVersion as IVersion,
    });
    for (const { id: sourceId, polling, queue } of lane.sources)
      this.live.addEventSourceMapping(sourceId, {
        eventSourceArn: queue.queueArn,
        batchSize: lane.batchSize,
        reportBatchItemFailures: true,
        ...polling,
      });
    const redrivenByTheQueue =
      "Only the queue's poller invokes it, and the queue's redrive policy moves failed messages to the dead letters.";
    Validations.of(this).acknowledge(
      { id: "Serverless-LambdaDLQ", reason: redrivenByTheQueue },
      { id: "Serverless-LambdaEventSourceMappingDestination", reason: redrivenByTheQueue },
    );

    for (const { queue } of lane.sources)
      permit(this.role, queue.queueArn, [
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:ChangeMessageVisibility",
        "sqs:SendMessage",
      ]);
    if (lane.name === "short") permit(this.role, work.longQueue.queueArn, ["sqs:SendMessage"]);
    permit(this.role, work.deadLetters.queueArn, ["sqs:SendMessage"]);
    permit(this.role, table.tableArn, ["dynamodb:UpdateItem", "dynamodb:GetItem"]);
    permitObjects(this.role, staging, stagingKey("*", "*"), [
      "s3:PutObject",
      "s3:GetObject",
      "s3:DeleteObject",
      "s3:AbortMultipartUpload",
      "s3:ListMultipartUploadParts",
    ]);
    permitObjects(this.role, content, "sha256/*", [
      "s3:PutObject",
      "s3:GetObject",
      "s3:AbortMultipartUpload",
      "s3:ListMultipartUploadParts",
    ]);
    // A copy that another invocation began is found and continued.
    permit(this.role, content.bucketArn, ["s3:ListBucketMultipartUploads"]);
    const { secretsPrefix } = environment;
    if (secretsPrefix !== undefined) {
      const secrets = Stack.of(this).formatArn({
        service: "secretsmanager",
        resource: "secret",
        resourceName: `${secretsPrefix}*`,
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      });
      permit(this.role, secrets, ["secretsmanager:GetSecretValue"]);
    }
    // Without ListBucket, S3 answers 403 instead of 404 for a missing object.
    for (const bucket of [staging, content]) permit(this.role, bucket.bucketArn, ["s3:ListBucket"]);
  }
}

const variables = (
  { environment, data: { table, work, staging, content } }: Deployment,
  lane: Lane,
): HandlerFunctionProps<WorkerEnv>["variables"] => ({
  HOLD_EVENTS_MS: String(environment.holdEventsMs),
  LOG_SAMPLE_PERCENT: String(environment.logSamplePercent),
  TABLE_NAME: table.tableName,
  LANE: lane.name,
  LONG_FROM_BYTES: String(environment.longFromBytes),
  STAGE_FROM_BYTES: String(environment.stageFromBytes),
  REGROUP_AFTER_MS: String(environment.regroupAfterMs),
  UNWATCHED_FOR_MS: String(environment.unwatchedForMs),
  SHORT_LANE_MS: String(environment.shortLaneMs),
  QUEUE_URL: lane.sources[0].queue.queueUrl,
  URGENT_QUEUE_URL: work.urgentQueue.queueUrl,
  LONG_QUEUE_URL: work.longQueue.queueUrl,
  DEAD_LETTER_QUEUE_URL: work.deadLetters.queueUrl,
  STAGING_BUCKET: staging.bucketName,
  CONTENT_BUCKET: content.bucketName,
  DOCSTOKG_ENABLE_IDEMPOTENCY: environment.enableIdempotency,
  LEASE_TTL_MS: String(environment.leaseTtlMs),
  PART_SIZE_BYTES: String(environment.partSizeBytes),
  RECORD_CONCURRENCY: String(lane.recordConcurrency),
  PART_BUFFERS: String(environment.partBuffers),
  MAX_ATTEMPTS: String(environment.maxAttempts),
  MAX_HOPS: String(environment.maxHops),
  WATCH_SHARDS: String(environment.watchShards),
  MAX_BODY_BYTES: String(environment.maxBodyBytes),
  ALLOWED_CONTENT_TYPES: environment.allowedContentTypes,
  ALLOW_PRIVATE_HOSTS: String(environment.allowPrivateHosts),
  KEEPS_CONTENT_ENCODING: String(environment.keepsContentEncoding),
  ALLOWED_HOSTS: environment.allowedHosts.join(","),
  SECRETS_PREFIX: environment.secretsPrefix ?? "",
  MOST_REDIRECTS: String(environment.mostRedirects),
  OBEYS_ROBOTS: String(environment.obeysRobots),
  HELD_BATCH_TAKES_MORE: String(environment.heldBatchTakesMore),
  MOST_RANGES: String(environment.mostRanges),
  REQUEST_HEADERS: JSON.stringify(requestHeaders(environment)),
  HOST_RULES: JSON.stringify(environment.hostLimits),
  HOST_PATIENCE_MS: String(environment.hostPatienceMs),
  DEADLINE_BUFFER_MS: String(lane.deadlineBufferMs),
  RETRY_BASE_MS: String(environment.retryBaseMs),
  RETRY_CAP_MS: String(environment.retryCapMs),
  LONGEST_WAIT_MS: String(environment.longestWaitMs),
  REQUEUE_GRACE_MS: String(environment.requeueGraceMs),
  RECORD_RETENTION_DAYS: String(environment.recordRetentionDays),
  HTTP_CONNECT_TIMEOUT_MS: String(environment.httpConnectTimeoutMs),
  HTTP_IDLE_TIMEOUT_MS: String(environment.httpIdleTimeoutMs),
  HTTP_HEAD_TIMEOUT_MS: String(environment.httpHeadTimeoutMs),
  LEAST_BYTES_PER_SECOND: String(environment.leastBytesPerSecond),
  PART_TIMEOUT_MS: String(environment.partTimeoutMs),
});

/** An honest name, and whom the owner of an origin may write to. */
const requestHeaders = ({ contact, hostHeaders }: Environment): WorkerEnv["REQUEST_HEADERS"] => ({
  usual: { "user-agent": `fetchonce/${packageJson.version}${contact === undefined ? "" : ` (+${contact})`}` },
  byHost: Object.entries(hostHeaders).map(([host, headers]) => [host, { ...headers }]),
});
