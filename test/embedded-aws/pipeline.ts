import type { StackAddresses } from "../../adapters/aws/operators/stack-outputs.ts";
import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join, resolve as absolute } from "node:path";
import { finished } from "node:stream/promises";
import { connectAws } from "./aws/aws.ts";
import type { AwsRequest, StagedBytes } from "./aws/aws.ts";
import { eventSourceOf, functionNamed } from "./lambda/functions.ts";
import type { FunctionDescription } from "./lambda/functions.ts";
import { openJournal } from "./aws/journal.ts";
import { startLambdaPool } from "./lambda/lambda-pool.ts";
import type { LambdaPool } from "./lambda/lambda-pool.ts";
import type { LineSinks } from "../../local/shared/lines.ts";
import { tryLock } from "../../local/shared/lock.ts";
import type { Loop } from "../../local/shared/repeat.ts";
import { startPoller } from "./lambda/poller.ts";
import { depthOf, readThrough, sendAll } from "./aws/queues.ts";
import type { DeadLetter, QueueDepth } from "./aws/queues.ts";
import { makeResources, refuseUnknownTypes } from "./template/resources.ts";
import type { AwsClients } from "./template/resources.ts";
import { startScheduler } from "./lambda/scheduler.ts";
import { synthesize } from "./template/synth.ts";
import { deployedOutputs, outputOf, resolverOf, STACK } from "./template/template.ts";

export interface PipelineOptions extends LineSinks {
  /**
   * Content objects go to `<outDir>/content/<key>`, events to `<outDir>/events.jsonl`, everything else to
   * `<outDir>/.fetchonce/`.
   */
  readonly outDir: string;
  /** Number of worker processes of the short lane. */
  readonly workers: number;
  /** Number of worker processes that work off the urgent queue. Undefined: none. */
  readonly urgentWorkers?: number;
  /** Number of worker processes of the long lane. Undefined: one. */
  readonly longWorkers?: number;
  /** Overrides single variables of the template, in both lanes. */
  readonly workerEnv?: Readonly<Record<string, string>>;
  readonly functionTimeoutMs?: number;
  readonly reconcileEveryMs?: number;
  /** Undefined: batches are not followed. */
  readonly followBatchesEveryMs?: number;
  readonly batchSize?: number;
  readonly onStagedBytes?: (progress: StagedBytes) => void;
  readonly onAwsRequest?: (request: AwsRequest) => void;
}

export interface Pipeline {
  readonly clients: AwsClients;
  /** Variables with which a further process reaches the same services. */
  readonly environment: Readonly<Record<string, string>>;
  readonly names: Omit<StackAddresses, "region">;
  readonly workers: Pick<LambdaPool, "pids" | "kill">;
  readonly longWorkers: Pick<LambdaPool, "pids" | "kill">;
  /** Undefined: batches are not followed. */
  readonly batchFollower: Pick<LambdaPool, "pids" | "kill"> | undefined;
  /** Settles once the messages are accepted: from then on, no crash of this process loses one. */
  submit(messages: readonly object[]): Promise<void>;
  depth(): Promise<QueueDepth & { readonly deadLetters: number }>;
  deadLetters(): Promise<readonly DeadLetter[]>;
  stop(): Promise<void>;
}

/** The template says one minute, which is too long for a test to wait. */
const RECONCILE_EVERY_MS = 2000;
/** How long work in progress may take to end when the pipeline stops. The next run resumes the rest. */
const STOP_GRACE_MS = 3000;

const sumOf = (a: QueueDepth, b: QueueDepth): QueueDepth => ({
  visible: a.visible + b.visible,
  inFlight: a.inFlight + b.inFlight,
  delayed: a.delayed + b.delayed,
});

/** @throws Error if another run uses the same folder, or something cannot be started. */
export async function startPipeline(options: PipelineOptions): Promise<Pipeline> {
  const cleanup = new AsyncDisposableStack();
  try {
    return await start(options, cleanup);
  } catch (error) {
    await cleanup.disposeAsync();
    throw error;
  }
}

async function start(options: PipelineOptions, cleanup: AsyncDisposableStack): Promise<Pipeline> {
  const outDir = absolute(options.outDir);
  const stateDir = join(outDir, ".fetchonce");
  await mkdir(stateDir, { recursive: true });
  takeLock(outDir, stateDir, cleanup);

  const { template, folder } = await synthesize();
  refuseUnknownTypes(template);
  const bucketNamed = (output: string): string => outputOf(template, resolverOf(template, new Map()), output);
  const stagingBucket = bucketNamed("StagingBucketName");
  const contentBucket = bucketNamed("ContentBucketName");

  const aws = await connectAws(
    {
      stateDir,
      bucketDirs: { [contentBucket]: join(outDir, "content") },
      stagingBucket,
      stacks: { [STACK]: deployedOutputs(template) },
      onRequest: options.onAwsRequest,
      onStagedBytes: options.onStagedBytes,
    },
    cleanup,
  );
  const { sqs } = aws.clients;
  const resolve = await makeResources(template, aws.clients);
  const names = {
    stack: STACK,
    deployment: STACK,
    table: outputOf(template, resolve, "TableName"),
    queueUrl: outputOf(template, resolve, "QueueUrl"),
    urgentQueueUrl: outputOf(template, resolve, "UrgentQueueUrl"),
    longQueueUrl: outputOf(template, resolve, "LongQueueUrl"),
    deadLetterQueueUrl: outputOf(template, resolve, "DeadLetterQueueUrl"),
    stagingBucket,
    contentBucket,
    batchesBucket: bucketNamed("BatchesBucketName"),
  };

  const workQueues = [names.queueUrl, names.urgentQueueUrl, names.longQueueUrl];
  const journal = await openJournal(join(stateDir, "accepted.jsonl"));
  cleanup.defer(async () => journal.close());
  await sendAll(sqs, names.queueUrl, journal.pending);
  cleanup.defer(async () => {
    // With an empty queue and nothing in progress, the table alone holds all that the next run needs.
    const depths = await Promise.all(workQueues.map(async (url) => depthOf(sqs, url)));
    if (depths.every(({ visible, inFlight, delayed }) => visible + inFlight + delayed === 0)) await journal.clear();
  });

  const sinks = sinksOf(options, join(outDir, "events.jsonl"), cleanup);
  const onTrouble = (error: Error): void => sinks.onLog?.({ level: "warn", message: error.message }, process.pid);
  const startPool = async (
    description: FunctionDescription,
    size: number,
    overrides: Readonly<Record<string, string>> = {},
  ): Promise<LambdaPool> => {
    const [file = "", exportName = ""] = description.handler.split(".");
    const pool = await startLambdaPool(
      {
        ...sinks,
        name: description.name,
        modulePath: join(folder, description.asset, `${file}.mjs`),
        exportName,
        timeoutMs: description.timeoutMs,
        environment: {
          ...hostEnvironment(),
          ...aws.environment,
          AWS_LAMBDA_FUNCTION_NAME: description.name,
          ...description.variables,
          ...overrides,
        },
      },
      size,
    );
    cleanup.defer(async () => pool.stop(STOP_GRACE_MS));
    return pool;
  };

  const functionOf = (output: string): FunctionDescription =>
    functionNamed(template, resolve, outputOf(template, resolve, output));
  /** The worker of a lane, and the poller of its queue. */
  const startLane = async (output: string, queueUrl: string, size: number, batchSize?: number) => {
    const worker = functionOf(output);
    const source = eventSourceOf(template, resolve, worker.name, queueUrl);
    const timeoutMs = options.functionTimeoutMs ?? worker.timeoutMs;
    const pool = await startPool({ ...worker, timeoutMs }, size, options.workerEnv);
    const poll = (): Loop =>
      startPoller({
        sqs,
        queueUrl,
        source: { ...source, batchSize: batchSize ?? source.batchSize },
        concurrency: size,
        invoke: async (event) => pool.invoke(event),
        onTrouble,
      });
    return { pool, poll };
  };
  const { urgentWorkers } = options;
  const [short, urgent, long, reconcilerPool] = await Promise.all([
    startLane("WorkerFunctionName", names.queueUrl, options.workers, options.batchSize),
    urgentWorkers === undefined
      ? undefined
      : startLane("WorkerFunctionName", names.urgentQueueUrl, urgentWorkers, options.batchSize),
    startLane("LongWorkerFunctionName", names.longQueueUrl, options.longWorkers ?? 1),
    startPool(functionOf("ReconcilerFunctionName"), 1),
  ]);
  const lanes = [short, long, ...(urgent ? [urgent] : [])];
  const pollers = lanes.map(({ poll }) => poll());
  const scheduler = startScheduler({
    everyMs: options.reconcileEveryMs ?? RECONCILE_EVERY_MS,
    invoke: async (event) => reconcilerPool.invoke(event),
    onTrouble,
  });
  cleanup.defer(async () =>
    stopWithin(STOP_GRACE_MS, [...pollers, scheduler], [...lanes.map(({ pool }) => pool), reconcilerPool]),
  );
  const { followBatchesEveryMs: everyMs } = options;
  const batchFollower = everyMs === undefined ? undefined : await startPool(functionOf("BatchesFunctionName"), 1);
  if (batchFollower && everyMs !== undefined) {
    const invoke = async (event: unknown): Promise<unknown> => batchFollower.invoke(event);
    const following = startScheduler({ everyMs, invoke, onTrouble });
    cleanup.defer(async () => stopWithin(STOP_GRACE_MS, [following], [batchFollower]));
  }

  return {
    clients: aws.clients,
    environment: { ...hostEnvironment(), ...aws.environment },
    names,
    workers: short.pool,
    longWorkers: long.pool,
    batchFollower,
    submit: async (messages) => {
      const bodies = messages.map((message) => JSON.stringify(message));
      await journal.append(bodies);
      await sendAll(sqs, names.queueUrl, bodies);
    },
    depth: async () => {
      const dead = await depthOf(sqs, names.deadLetterQueueUrl);
      const depths = await Promise.all(workQueues.map(async (url) => depthOf(sqs, url)));
      return { ...depths.reduce(sumOf), deadLetters: dead.visible + dead.inFlight };
    },
    deadLetters: async () => readThrough(sqs, names.deadLetterQueueUrl),
    stop: async () => cleanup.disposeAsync(),
  };
}

function takeLock(outDir: string, stateDir: string, cleanup: AsyncDisposableStack): void {
  const release = tryLock(join(stateDir, "lock"));
  if (!release) {
    throw new Error(
      `Another run is working in ${outDir}. Wait for it to end, stop it, or choose another directory with --out.`,
    );
  }
  cleanup.defer(release);
}

function sinksOf(options: PipelineOptions, eventsPath: string, cleanup: AsyncDisposableStack): LineSinks {
  const events = createWriteStream(eventsPath, { flags: "a" });
  cleanup.defer(async () => finished(events.end()));
  return {
    onTelemetry: (line, pid) => {
      events.write(`${JSON.stringify(line)}\n`);
      options.onTelemetry?.(line, pid);
    },
    onMetrics: options.onMetrics,
    onLog: options.onLog,
  };
}

function hostEnvironment(): Record<string, string> {
  const { PATH = "", NODE_V8_COVERAGE } = process.env;
  return { PATH, ...(NODE_V8_COVERAGE ? { NODE_V8_COVERAGE } : {}) };
}

async function stopWithin(
  graceMs: number,
  feeders: readonly { stop(): Promise<void> }[],
  pools: readonly LambdaPool[],
): Promise<void> {
  const fed = Promise.all(feeders.map(async (feeder) => feeder.stop()));
  const grace = Promise.withResolvers<void>();
  const timer = setTimeout(grace.resolve, graceMs);
  await Promise.race([fed, grace.promise]);
  clearTimeout(timer);
  await Promise.all(pools.map(async (pool) => pool.stop(0)));
  await fed;
}
