/** Gives each test a pipeline and an origin of its own, records what both saw, and helps to wait and to look. */
import { ScanCommand } from "@aws-sdk/client-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { createHash } from "node:crypto";
import { createReadStream, globSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline as pipe } from "node:stream/promises";
import { onTestFinished } from "vitest";
import { s3Staging } from "../../adapters/aws/s3/staging.ts";
import type { TelemetryEvent } from "../../core/telemetry/events.ts";
import { unpackJob } from "../../core/telemetry/unpack-job.ts";
import { contentKey, jobIdOf } from "../../core/model/keys.ts";
import type { JobMessage } from "../../core/model/message.ts";
import type { StagingLitter } from "../../core/ports/staging.ts";
import type { JobRecord } from "../../core/model/record.ts";
import type { AwsRequest } from "../embedded-aws/aws/aws.ts";
import { originSha256 } from "../../local/origin/content.ts";
import type { OriginFile } from "../../local/origin/file.ts";
import { startOrigin, type Origin } from "../../local/origin/server.ts";
import { embeddedMetrics, type EmbeddedMetrics } from "../embedded-metrics.ts";
import { faultOfLine } from "../event-check.ts";
import { Jobs, type JobRecords } from "../embedded-aws/jobs.ts";
import { startPipeline, type Pipeline, type PipelineOptions } from "../embedded-aws/pipeline.ts";
import { until as untilWithin } from "../embedded-aws/until.ts";

export const KIB = 1024;
export const MIB = 1024 * KIB;
export const PART_BYTES = 8 * MIB;

const LONGEST_WAIT_MS = 90_000;
const STAGING_LISTED = 1000;

/** Waits until `look` finds nothing missing: it returns what is still missing, or `undefined`. */
export const until = async (what: string, look: () => Promise<string | undefined>): Promise<void> =>
  untilWithin(what, LONGEST_WAIT_MS, look);

async function digestOfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipe(createReadStream(path), hash);
  return hash.digest("hex");
}

/** A stack that is disposed of when the test ends, whether it passes or fails. */
function endOfTest(): AsyncDisposableStack {
  const stack = new AsyncDisposableStack();
  onTestFinished(async () => stack.disposeAsync());
  return stack;
}

export type SeenEvent = TelemetryEvent & { readonly timestamp: string };

export const WHOLE_LIFE = ["LEASED", "HEAD_DONE", "RESUME_OK", "STREAMING", "FINALIZED", "INDEXED"];

export const statesOf = (events: readonly SeenEvent[]): readonly string[] =>
  events.flatMap((event) => (event.event === "job_state_changed" ? [event.to_state] : []));

/** What the callbacks of a run have received so far. */
export interface Seen {
  readonly events: SeenEvent[];
  /** Lines that should be events and are not valid, each with the reason. Any of them fails the test. */
  readonly notEvents: string[];
  /** Lines of embedded metrics. */
  readonly metrics: EmbeddedMetrics[];
  /** The process of each lease taken, in order. */
  readonly leases: { readonly jobId: string; readonly pid: number }[];
  readonly requests: AwsRequest[];
  readonly logs: Readonly<Record<string, unknown>>[];
}

export type RunOptions = Partial<PipelineOptions> &
  Surroundings & {
    /** Another build's way to start. */
    readonly start?: typeof startPipeline;
  };

export class Run {
  readonly pipeline: Pipeline;
  readonly origin: Origin;
  readonly outDir: string;
  readonly seen: Seen;
  readonly #jobs: Jobs;

  constructor(pipeline: Pipeline, { origin, outDir }: RunOptions, seen: Seen) {
    this.pipeline = pipeline;
    this.origin = origin;
    this.outDir = outDir;
    this.seen = seen;
    this.#jobs = new Jobs(pipeline, LONGEST_WAIT_MS);
  }

  messageOf(file: OriginFile): JobMessage {
    return { work_id: "e2e", artifact_id: file.name, url: this.origin.urlOf(file) };
  }

  idOf(file: OriginFile): string {
    return jobIdOf(this.messageOf(file));
  }

  async submit(files: readonly OriginFile[]): Promise<void> {
    await this.pipeline.submit(files.map((file) => this.messageOf(file)));
  }

  async records(jobIds: readonly string[]): Promise<JobRecords> {
    return this.#jobs.records(jobIds);
  }

  async record(file: OriginFile): Promise<JobRecord> {
    const record = (await this.records([this.idOf(file)])).get(this.idOf(file));
    if (!record) throw new Error(`The table knows no job for ${file.name}.`);
    return record;
  }

  /** @param onLook is called with all records at every look. */
  async untilTerminal(jobIds: readonly string[], onLook?: (records: JobRecords) => void): Promise<JobRecords> {
    return this.#jobs.untilTerminal(jobIds, onLook);
  }

  async untilQueueIsEmpty(): Promise<void> {
    await this.#jobs.untilQueueIsEmpty();
  }

  /** Waits until the jobs of all files are terminal and their messages are gone. */
  async untilDone(files: readonly OriginFile[]): Promise<JobRecords> {
    const records = await this.untilTerminal(files.map((file) => this.idOf(file)));
    await this.untilQueueIsEmpty();
    return records;
  }

  async download(files: readonly OriginFile[]): Promise<JobRecords> {
    return this.#jobs.run(files.map((file) => this.messageOf(file)));
  }

  async staging(): Promise<readonly StagingLitter[]> {
    const { clients, names } = this.pipeline;
    return (await s3Staging(clients.s3, names.stagingBucket).litter(undefined, STAGING_LISTED)).found;
  }

  /** The keys of all items in the table that begin with `prefix`, sorted. */
  async itemKeys(prefix: string): Promise<readonly string[]> {
    const { clients, names } = this.pipeline;
    const keys: string[] = [];
    let start: Parameters<typeof unmarshall>[0] | undefined;
    do {
      const page = await clients.dynamodb.send(
        new ScanCommand({ TableName: names.table, ...(start && { ExclusiveStartKey: start as never }) }),
      );
      for (const item of page.Items ?? []) keys.push(String(unmarshall(item)["pk"]));
      start = page.LastEvaluatedKey;
    } while (start !== undefined);
    return keys.filter((key) => key.startsWith(prefix)).toSorted();
  }

  /** The digests that all content objects are filed under, sorted. */
  contentOnDisk(): readonly string[] {
    return globSync("sha256/*/*/*", { cwd: join(this.outDir, "content") })
      .map((path) => path.split("/").at(-1) ?? "")
      .toSorted();
  }

  /** The actual digest of the object at the file's content address. */
  async contentDigest(file: OriginFile): Promise<string> {
    return digestOfFile(join(this.outDir, "content", contentKey(originSha256(file))));
  }

  eventsOf(file: OriginFile): readonly SeenEvent[] {
    const jobId = this.idOf(file);
    return this.seen.events.filter((event) => "job_id" in event && event.job_id === jobId);
  }

  namesOfEvents(file: OriginFile): readonly SeenEvent["event"][] {
    return this.eventsOf(file).map(({ event }) => event);
  }

  /** The keys of all successful requests that created an object in the content bucket. */
  contentWrites(): readonly string[] {
    return this.seen.requests.filter(isContentWrite).map(({ key }) => key ?? "");
  }

  /** Stops the pipeline before the test ends; safe to repeat. After it, `seen` has every event. */
  async stop(): Promise<void> {
    await this.pipeline.stop();
  }
}

const CONTENT_WRITES = new Set(["PutObject", "CopyObject", "CompleteMultipartUpload"]);

const isContentWrite = ({ service, operation, key, status }: AwsRequest): boolean =>
  service === "s3" && CONTENT_WRITES.has(operation) && key?.startsWith("sha256/") === true && status === 200;

/** A short lease, so that recovery is quick, and private hosts, because the origin is on 127.0.0.1. */
const WORKER_ENV = { ALLOW_PRIVATE_HOSTS: "true", LEASE_TTL_MS: "2000" };

/** Starts a pipeline that is stopped when `end` is disposed of. */
export async function startRun(options: RunOptions, end = endOfTest()): Promise<Run> {
  const seen: Seen = { events: [], notEvents: [], metrics: [], leases: [], requests: [], logs: [] };
  const { start = startPipeline } = options;
  const pipeline = await start({
    workers: 2,
    reconcileEveryMs: 500,
    ...options,
    workerEnv: { ...WORKER_ENV, ...options.workerEnv },
    onTelemetry: (line, pid) => {
      for (const fields of unpackJob(line)) {
        const fault = faultOfLine(fields);
        if (fault !== undefined) seen.notEvents.push(fault);
        const event = fields as unknown as SeenEvent;
        seen.events.push(event);
        if (event.event === "job_leased") seen.leases.push({ jobId: event.job_id, pid });
      }
      options.onTelemetry?.(line, pid);
    },
    onMetrics: (line) => seen.metrics.push(embeddedMetrics.parse(line)),
    onLog: (line) => seen.logs.push(line),
    onAwsRequest: (request) => {
      seen.requests.push(request);
      options.onAwsRequest?.(request);
    },
  });
  end.defer(async () => {
    await pipeline.stop();
    if (seen.notEvents.length > 0) throw new Error(`Not valid as telemetry events:\n${seen.notEvents.join("\n")}`);
  });
  return new Run(pipeline, options, seen);
}

export interface Surroundings {
  readonly origin: Origin;
  readonly outDir: string;
}

/** Starts an origin on 127.0.0.1 and makes an empty folder. Both are removed when `end` is disposed of. */
export async function startSurroundings(end = endOfTest()): Promise<Surroundings> {
  const outDir = await mkdtemp(join(tmpdir(), "fetchonce-e2e-"));
  end.defer(async () => rm(outDir, { recursive: true, force: true, maxRetries: 3 }));
  const origin = await startOrigin();
  end.defer(async () => origin.stop());
  return { origin, outDir };
}
