import { performance } from "node:perf_hooks";
import { dynamoItems } from "../../adapters/aws/dynamodb.ts";
import { parseGate } from "../../core/gate/gate.ts";
import { jobItemKey } from "../../core/model/keys.ts";
import type { JobMessage } from "../../core/model/message.ts";
import type { TelemetryEvent } from "../../core/telemetry/events.ts";
import type { Items } from "../../core/ports/items.ts";
import { decodeJob } from "../../core/model/record-codec.ts";
import { MetricSums, sloReport, type SloResult } from "../../dashboards/catalogue/report.ts";
import { SLOS } from "../../dashboards/catalogue/slos.ts";
import { startPipeline, type Pipeline, type PipelineOptions } from "../../test/embedded-aws/pipeline.ts";
import { pause } from "../../local/shared/repeat.ts";
import { Activity } from "./activity.ts";
import { JobTracker } from "./job-tracker.ts";
import type { ProgressView } from "./progress.ts";
import { writeResults, type JobResult } from "./results.ts";
import type { RunWatch } from "./run-watch.ts";
import { summarize, type Summary } from "./summary.ts";

export interface DownloadOptions extends Pick<
  PipelineOptions,
  "outDir" | "workers" | "onTelemetry" | "onStagedBytes" | "onAwsRequest"
> {
  readonly enableIdempotency: string;
  readonly allowPrivateHosts: boolean;
  readonly view: ProgressView;
  readonly watch?: RunWatch | undefined;
  /** When it is aborted, the download stops cleanly and reports what is known by then. */
  readonly signal: AbortSignal;
  readonly onStarted?: (pipeline: Pipeline) => void;
  /** Called once all jobs have ended, while the pipeline still runs. */
  readonly beforeStop?: (pipeline: Pipeline) => Promise<void>;
}

export interface DownloadReport {
  readonly results: readonly JobResult[];
  readonly summary: Summary;
  /** Computed from the events that arrived: killing a worker can lose a batch of them. */
  readonly slos: readonly SloResult[];
}

const LOOK_EVERY_MS = 300;
const REFRESH_EVERY_MS = 200;
const RECORDS_A_LOOK = 100;
const MESSAGES_A_SUBMISSION = 500;
const LONGEST_DRAIN_MS = 10_000;

/** Downloads the files that the messages name. Writes `results.jsonl` in any case, even after an interruption. */
export async function download(messages: readonly JobMessage[], options: DownloadOptions): Promise<DownloadReport> {
  const { outDir, view, watch, signal } = options;
  const startedMs = performance.now();
  let failed = 0;
  const tracker = new JobTracker(messages, parseGate(options.enableIdempotency), (result) => {
    if (result.state === "FAILED") failed += 1;
    activity.end(result.job_id);
    view.ended(result, tracker.total - tracker.openCount);
  });
  const activity = new Activity((jobId) => tracker.messageOf(jobId)?.url);
  const metrics = new MetricSums();
  const slos = (): readonly SloResult[] => sloReport(metrics.sums, SLOS);
  watch?.began(tracker, slos);

  const pipeline = await startPipeline({
    ...options,
    workerEnv: {
      DOCSTOKG_ENABLE_IDEMPOTENCY: options.enableIdempotency,
      ALLOW_PRIVATE_HOSTS: String(options.allowPrivateHosts),
    },
    onTelemetry: (line, pid) => {
      tracker.hearTelemetry(line);
      activity.hearTelemetry(line);
      metrics.add(line as unknown as TelemetryEvent);
      watch?.heard(line);
      options.onTelemetry?.(line, pid);
    },
    onLog: (line) => tracker.hearLog(line),
    onStagedBytes: (progress) => {
      activity.hearStaged(progress);
      options.onStagedBytes?.(progress);
    },
  });
  const refresh = (): void => {
    const snapshot = {
      atMs: performance.now(),
      done: tracker.total - tracker.openCount,
      failed,
      bytes: activity.bytes,
      underWay: activity.underWay(),
    };
    view.refresh(snapshot);
    watch?.refreshed(snapshot);
  };
  const refreshing = setInterval(refresh, REFRESH_EVERY_MS);
  try {
    options.onStarted?.(pipeline);
    await follow(messages, tracker, pipeline, signal);
    await drain(pipeline, signal);
    if (!signal.aborted) await options.beforeStop?.(pipeline);
  } finally {
    clearInterval(refreshing);
    await pipeline.stop();
    refresh();
  }
  const results = tracker.results();
  await writeResults(outDir, results);
  const summary = summarize(tracker, activity.takeovers, performance.now() - startedMs);
  return { results, summary, slos: slos() };
}

async function follow(
  messages: readonly JobMessage[],
  tracker: JobTracker,
  pipeline: Pipeline,
  signal: AbortSignal,
): Promise<void> {
  const items = dynamoItems(pipeline.clients.dynamodb, pipeline.names.table);
  await readRecords(items, tracker.guardedIds(), (record) => tracker.meetEarlier(record));
  for (let start = 0; start < messages.length && !signal.aborted; start += MESSAGES_A_SUBMISSION) {
    await pipeline.submit(messages.slice(start, start + MESSAGES_A_SUBMISSION));
  }
  let lettersSeen = 0;
  while (tracker.openCount > 0 && !signal.aborted) {
    await pause(LOOK_EVERY_MS, signal);
    await readRecords(items, tracker.nextToRead(RECORDS_A_LOOK), (record) => tracker.meetRecord(record));
    const { deadLetters } = await pipeline.depth();
    if (deadLetters !== lettersSeen) await readDeadLetters(items, tracker, pipeline);
    lettersSeen = deadLetters;
  }
}

/** Waits until messages of jobs that had already ended are delivered too. The next run handles any that are left. */
async function drain(pipeline: Pipeline, signal: AbortSignal): Promise<void> {
  const endMs = performance.now() + LONGEST_DRAIN_MS;
  while (!signal.aborted && performance.now() < endMs && (await pipeline.depth()).visible > 0) {
    await pause(LOOK_EVERY_MS, signal);
  }
}

async function readRecords(
  items: Items,
  jobIds: readonly string[],
  meet: (record: ReturnType<typeof decodeJob>) => void,
): Promise<ReadonlySet<string>> {
  if (jobIds.length === 0) return new Set();
  const found = await items.readMany(jobIds.map(jobItemKey));
  const records = [...found.values()].map(decodeJob);
  for (const record of records) meet(record);
  return new Set(records.map(({ jobId }) => jobId));
}

/** Fails the jobs of dead letters that have no record. Jobs with a record are brought back by the reconciler. */
async function readDeadLetters(items: Items, tracker: JobTracker, pipeline: Pipeline): Promise<void> {
  const reasons = new Map<string, string>();
  for (const { body, reason } of await pipeline.deadLetters()) {
    const jobId = tracker.openJobOfBody(body);
    if (jobId !== undefined) reasons.set(jobId, reason ?? "dead_lettered");
  }
  const recorded = await readRecords(items, [...reasons.keys()], (record) => tracker.meetRecord(record));
  for (const [jobId, reason] of reasons) if (!recorded.has(jobId)) tracker.fail(jobId, reason);
}
