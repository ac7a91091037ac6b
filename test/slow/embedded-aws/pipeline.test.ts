import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AwsRequest } from "../../embedded-aws/aws/aws.ts";
import { startPipeline } from "../../embedded-aws/pipeline.ts";
import type { Pipeline, PipelineOptions } from "../../embedded-aws/pipeline.ts";

// An invalid message ends in the dead-letter queue without a request to an origin.
const NONSENSE = { nonsense: true };

let outDir = "";
let running: Pipeline | undefined;

beforeEach(async () => {
  outDir = await mkdtemp(join(tmpdir(), "fetchonce-pipeline-"));
});
afterEach(async () => {
  await running?.stop();
  running = undefined;
  await rm(outDir, { recursive: true });
});

async function start(options: Partial<PipelineOptions> = {}): Promise<Pipeline> {
  running = await startPipeline({ outDir, workers: 1, ...options });
  return running;
}

async function untilDeadLetters(pipeline: Pipeline, count: number): Promise<void> {
  for (;;) {
    const depth = await pipeline.depth();
    if (depth.deadLetters === count && depth.visible + depth.inFlight + depth.delayed === 0) return;
    await sleep(50);
  }
}

const accepted = async (): Promise<string> => readFile(join(outDir, ".fetchonce/accepted.jsonl"), "utf8");

describe("the embedded pipeline", { timeout: 120_000 }, () => {
  it("delivers submitted messages to the bundled handler, and forgets them once all are done", async () => {
    const requests: AwsRequest[] = [];
    const logs: unknown[] = [];
    const pipeline = await start({
      onAwsRequest: (request) => requests.push(request),
      onLog: (line) => logs.push(line),
    });
    await pipeline.submit([NONSENSE]);
    expect(await accepted()).toBe(`${JSON.stringify(NONSENSE)}\n`);
    await untilDeadLetters(pipeline, 1);
    expect(await pipeline.deadLetters()).toEqual([
      { body: JSON.stringify(NONSENSE), reason: expect.stringContaining("url") },
    ]);
    const pids = pipeline.workers.pids();
    expect(pids).toHaveLength(1);
    await pipeline.stop();
    expect(await accepted()).toBe("");
    expect(pipeline.workers.pids()).toEqual([]);
    expect(requests).toContainEqual({ service: "sqs", operation: "SendMessageBatch", status: 200 });
    expect(logs).toContainEqual(expect.objectContaining({ level: "error" }));
  });

  it("delivers in the next run the messages that a killed run had accepted", async () => {
    const pipelineModule = new URL("../../embedded-aws/pipeline.ts", import.meta.url).href;
    const program = `
      import { startPipeline } from ${JSON.stringify(pipelineModule)};
      const pipeline = await startPipeline(${JSON.stringify({ outDir, workers: 1 })});
      await pipeline.submit([${JSON.stringify(NONSENSE)}]);
      process.kill(process.pid, "SIGKILL");`;
    const killed = spawn(process.execPath, ["--input-type=module", "--eval", program], { stdio: "inherit" });
    expect(await once(killed, "close")).toEqual([null, "SIGKILL"]);
    const pipeline = await start();
    await untilDeadLetters(pipeline, 1);
    expect((await pipeline.deadLetters()).map((letter) => letter.body)).toEqual([JSON.stringify(NONSENSE)]);
  });

  it("replaces a worker that is killed", async () => {
    const pipeline = await start();
    const [pid = 0] = pipeline.workers.pids();
    pipeline.workers.kill(pid);
    while (pipeline.workers.pids().includes(pid) || pipeline.workers.pids().length === 0) await sleep(10);
    await pipeline.submit([NONSENSE]);
    await untilDeadLetters(pipeline, 1);
    expect(pipeline.workers.pids()).not.toContain(pid);
  });

  it("fails to start with the worker's own message if a worker cannot start, and leaves nothing running", async () => {
    await expect(start({ workerEnv: { LEASE_TTL_MS: "soon" } })).rejects.toThrow(/LEASE_TTL_MS/);
    await start();
  });
});
