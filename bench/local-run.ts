import { SetQueueAttributesCommand } from "@aws-sdk/client-sqs";
import { jobIdOf } from "../core/model/keys.ts";
import type { JobMessage } from "../core/model/message.ts";
import { originPath, type OriginFile } from "../local/origin/file.ts";
import { Jobs, type JobRecords } from "../test/embedded-aws/jobs.ts";
import { startPipeline, type Pipeline, type PipelineOptions } from "../test/embedded-aws/pipeline.ts";
import { startChild } from "./harness/child.ts";
import { temporaryFolder } from "./harness/temporary-folder.ts";

const LONGEST_WAIT_MS = 15 * 60_000;
const HOUR_MS = 3_600_000;

/** Time-outs as deployed, and a reconciler that runs so rarely that it does not disturb what is measured. */
const UNDISTURBED = { functionTimeoutMs: 900_000, reconcileEveryMs: HOUR_MS } as const;
export const AS_DEPLOYED = {
  LEASE_TTL_MS: "120000",
  DEADLINE_BUFFER_MS: "30000",
  HTTP_IDLE_TIMEOUT_MS: "30000",
  HOLD_EVENTS_MS: "5000",
};
/** For measurements that act on events when they happen. */
export const EVENTS_AT_ONCE = { ...AS_DEPLOYED, HOLD_EVENTS_MS: "0" };

/** The limits of hosts in dev, staging and prod. */
export const DEPLOYED_HOST_RULES = JSON.stringify([["*", { connections: 16 }]]);

/** Long files stay with the only worker. */
const ONE_LANE = { LONG_FROM_BYTES: String(Number.MAX_SAFE_INTEGER), SHORT_LANE_MS: String(HOUR_MS) };

/** The pipeline in a temporary folder of its own, and ways to wait for it. */
export class LocalRun implements AsyncDisposable {
  readonly pipeline: Pipeline;
  readonly outDir: string;
  readonly #jobs: Jobs;
  readonly #cleanup: AsyncDisposableStack;

  private constructor(pipeline: Pipeline, outDir: string, cleanup: AsyncDisposableStack) {
    this.pipeline = pipeline;
    this.outDir = outDir;
    this.#jobs = new Jobs(pipeline, LONGEST_WAIT_MS);
    this.#cleanup = cleanup;
  }

  static async start(options: Partial<PipelineOptions> = {}): Promise<LocalRun> {
    const cleanup = new AsyncDisposableStack();
    try {
      const { path } = cleanup.use(await temporaryFolder());
      const pipeline = await startPipeline({
        outDir: path,
        workers: 1,
        ...UNDISTURBED,
        ...options,
        workerEnv: { ALLOW_PRIVATE_HOSTS: "true", ...ONE_LANE, ...options.workerEnv },
      });
      cleanup.defer(async () => pipeline.stop());
      // As long as the function's time-out, which Lambda demands: no message comes back while its job is worked on.
      const Attributes = { VisibilityTimeout: String(UNDISTURBED.functionTimeoutMs / 1000) };
      for (const QueueUrl of [pipeline.names.queueUrl, pipeline.names.longQueueUrl])
        await pipeline.clients.sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes }));
      return new LocalRun(pipeline, path, cleanup);
    } catch (error) {
      await cleanup.disposeAsync();
      throw error;
    }
  }

  /**
   * The process id of the only worker.
   * @throws Error if no worker is running.
   */
  get workerPid(): number {
    const [pid] = this.pipeline.workers.pids();
    if (pid === undefined) throw new Error("No worker is running.");
    return pid;
  }

  /** Waits until all files are downloaded and the queue is empty. Meanwhile it asks only the queue. */
  async download(messages: readonly JobMessage[]): Promise<void> {
    await this.pipeline.submit(messages);
    await this.#jobs.untilQueueIsEmpty();
  }

  async records(messages: readonly JobMessage[]): Promise<JobRecords> {
    return this.#jobs.records(messages.map(jobIdOf));
  }

  async untilTerminal(messages: readonly JobMessage[]): Promise<JobRecords> {
    return this.#jobs.untilTerminal(messages.map(jobIdOf));
  }

  /** @throws Error naming a job that was not downloaded at its first attempt, which makes the measurement void. */
  async checkDownloaded(messages: readonly JobMessage[]): Promise<void> {
    const records = await this.records(messages);
    for (const message of messages) {
      const { state = "unknown", attempts = 0, reason = "" } = records.get(jobIdOf(message)) ?? {};
      if ((state === "INDEXED" || state === "DEDUPED") && attempts === 1) continue;
      throw new Error(
        `${message.url} ended as ${state} ${reason} after ${attempts} attempts, so the measurement is void. Run it again.`,
      );
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cleanup.disposeAsync();
  }
}

export interface BenchOrigin extends AsyncDisposable {
  messageOf(file: OriginFile): JobMessage;
}

/** Starts an origin in another process, so that its memory and CPU time are not counted as the pipeline's. */
export async function startOriginProcess(): Promise<BenchOrigin> {
  const child = await startChild(new URL("origin-program.ts", import.meta.url));
  const url = String(child.greeting);
  return {
    messageOf: (file) => ({ work_id: "bench", artifact_id: file.name, url: url + originPath(file) }),
    [Symbol.asyncDispose]: async () => child[Symbol.asyncDispose](),
  };
}
