import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { dynamoItems } from "../adapters/aws/dynamodb.ts";
import { jobIdOf, jobItemKey } from "../core/model/keys.ts";
import type { JobMessage } from "../core/model/message.ts";
import { decodeJob } from "../core/model/record-codec.ts";
import type { JobRecord } from "../core/model/record.ts";
import { isTerminal } from "../core/model/states.ts";
import { originPath, type OriginFile } from "../local/origin/file.ts";
import { startPipeline, type Pipeline, type PipelineOptions } from "../test/embedded-aws/pipeline.ts";
import { startChild } from "./harness/child.ts";

const LOOK_EVERY_MS = 100;
const LONGEST_WAIT_MS = 15 * 60_000;
const RECORDS_A_LOOK = 100;
const HOUR_MS = 3_600_000;

/** Time-outs as deployed, and a reconciler that runs so rarely that it does not disturb what is measured. */
const UNDISTURBED = { functionTimeoutMs: 900_000, reconcileEveryMs: HOUR_MS } as const;
export const AS_DEPLOYED = { LEASE_TTL_MS: "120000", DEADLINE_BUFFER_MS: "30000", HTTP_IDLE_TIMEOUT_MS: "30000" };

/** A folder that is removed when it is disposed. */
export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "fetchonce-bench-"));
  return { path, [Symbol.asyncDispose]: async () => rm(path, { recursive: true, force: true, maxRetries: 3 }) };
}

/** The pipeline in a temporary folder of its own, and ways to wait for it. */
export class LocalRun implements AsyncDisposable {
  readonly pipeline: Pipeline;
  readonly outDir: string;
  readonly #cleanup: AsyncDisposableStack;

  private constructor(pipeline: Pipeline, outDir: string, cleanup: AsyncDisposableStack) {
    this.pipeline = pipeline;
    this.outDir = outDir;
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
        workerEnv: { ALLOW_PRIVATE_HOSTS: "true", ...options.workerEnv },
      });
      cleanup.defer(async () => pipeline.stop());
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
    await until("the queue is empty", async () => {
      const { visible, inFlight, delayed } = await this.pipeline.depth();
      return visible + inFlight + delayed === 0;
    });
  }

  async records(messages: readonly JobMessage[]): Promise<ReadonlyMap<string, JobRecord>> {
    const { clients, names } = this.pipeline;
    const items = dynamoItems(clients.dynamodb, names.table);
    const keys = messages.map((message) => jobItemKey(jobIdOf(message)));
    const records = new Map<string, JobRecord>();
    for (let start = 0; start < keys.length; start += RECORDS_A_LOOK) {
      const page = await items.readMany(keys.slice(start, start + RECORDS_A_LOOK));
      for (const record of [...page.values()].map(decodeJob)) records.set(record.jobId, record);
    }
    return records;
  }

  async untilTerminal(messages: readonly JobMessage[]): Promise<ReadonlyMap<string, JobRecord>> {
    let records: ReadonlyMap<string, JobRecord> = new Map();
    await until("every job is terminal", async () => {
      records = await this.records(messages);
      return messages.every((message) => isTerminal(records.get(jobIdOf(message))?.state ?? "PLANNED"));
    });
    return records;
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

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const endMs = Date.now() + LONGEST_WAIT_MS;
  while (!(await isSo())) {
    if (Date.now() > endMs)
      throw new Error(`Waited for ${LONGEST_WAIT_MS / 60_000} minutes, but this did not happen: ${what}.`);
    await sleep(LOOK_EVERY_MS);
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
