import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startLambdaPool } from "../../embedded-aws/lambda/lambda-pool.ts";
import type { LambdaPool } from "../../embedded-aws/lambda/lambda-pool.ts";
import type { LambdaFunction } from "../../embedded-aws/lambda/lambda-process.ts";
import type { JsonLine } from "../../../local/shared/lines.ts";

const HANDLERS = `
import { writeSync } from "node:fs";
export const echo = async (event, context) => ({
  event,
  pid: process.pid,
  environment: process.env,
  remainsMs: context.getRemainingTimeInMillis(),
  requestId: context.awsRequestId,
  functionName: context.functionName,
});
export const nothing = async () => {};
export const thrower = async () => { throw new TypeError("the origin is no URL"); };
export const hang = async ({ forever }) => { if (forever) await new Promise((resolve) => setTimeout(resolve, 1e6)); return process.pid; };
export const exit = async () => { console.error("out of cheese"); process.exit(7); };
export const talk = async () => {
  console.log(JSON.stringify({ event: "job_leased", job_id: "j" }));
  console.log(JSON.stringify({ level: "warn", message: "slow origin" }));
  console.log(JSON.stringify({ _aws: {}, Jobs: 1 }));
  console.log("plain words");
  console.log("");
  writeSync(1, '{"event":"without a newline"}');
};
`;

let folder = "";
let modulePath = "";
const pools: LambdaPool[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fetchonce-pool-"));
  modulePath = join(folder, "handlers.mjs");
  await writeFile(modulePath, HANDLERS);
});
afterEach(async () => {
  await Promise.all(pools.splice(0).map(async (pool) => pool.stop(0)));
});
afterAll(async () => rm(folder, { recursive: true }));

async function poolOf(exportName: string, options: Partial<LambdaFunction> = {}, size = 1): Promise<LambdaPool> {
  const pool = await startLambdaPool(
    { name: "worker", modulePath, exportName, timeoutMs: 60_000, environment: { GREETING: "hello" }, ...options },
    size,
  );
  pools.push(pool);
  return pool;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(10);
}

describe("a pool of Lambda processes", () => {
  it("invokes the handler in a child process, with a Lambda context and without this process's environment", async () => {
    const pool = await poolOf("echo", { environment: { GREETING: "hello", AWS_LAMBDA_FUNCTION_NAME: "worker" } });
    const answer = await pool.invoke({ Records: [] });
    expect(answer).toMatchObject({
      event: { Records: [] },
      pid: pool.pids()[0],
      environment: { GREETING: "hello" },
      functionName: "worker",
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      remainsMs: expect.closeTo(60_000, -4),
    });
    expect(answer).not.toHaveProperty("environment.HOME");
    expect(pool.pids()).not.toContain(process.pid);
  });

  it("gives each process one invocation at a time and queues the others", async () => {
    const pool = await poolOf("hang", {}, 2);
    const answers = await Promise.all(Array.from({ length: 6 }, async () => pool.invoke({})));
    expect(new Set(answers)).toEqual(new Set(pool.pids()));
  });

  it("accepts undefined as the handler's answer", async () => {
    expect(await (await poolOf("nothing")).invoke({})).toBeUndefined();
  });

  it("passes on the handler's error and keeps the process", async () => {
    const pool = await poolOf("thrower");
    const before = pool.pids();
    await expect(pool.invoke({})).rejects.toThrow(/worker threw TypeError: the origin is no URL/);
    expect(pool.pids()).toEqual(before);
  });

  it("kills and replaces a process that exceeds the function's time limit", async () => {
    const pool = await poolOf("hang", { timeoutMs: 200 });
    const before = pool.pids();
    await expect(pool.invoke({ forever: true })).rejects.toThrow(/longer than its time limit of 200 ms/);
    expect(before).not.toContain(await pool.invoke({}));
  });

  it("reports the exit code and the last output of a process that exits, and replaces it", async () => {
    const pool = await poolOf("exit");
    const before = pool.pids();
    await expect(pool.invoke({})).rejects.toThrow(/exited with code 7\.\nout of cheese/);
    await until(() => pool.pids().length === 1);
    expect(pool.pids()).not.toEqual(before);
  });

  it("fails the invocation of a process that is killed from outside, and replaces the process", async () => {
    const pool = await poolOf("hang");
    const [pid = 0] = pool.pids();
    const running = pool.invoke({ forever: true });
    pool.kill(pid);
    await expect(running).rejects.toThrow(`process ${pid}) was ended by SIGKILL`);
    expect(await pool.invoke({})).not.toBe(pid);
  });

  it("passes on telemetry and logs with the id of their process, and leaves out metrics", async () => {
    const telemetry: [JsonLine, number][] = [];
    const logs: [JsonLine, number][] = [];
    const pool = await poolOf("talk", {
      onTelemetry: (line, pid) => telemetry.push([line, pid]),
      onLog: (line, pid) => logs.push([line, pid]),
    });
    const [pid = 0] = pool.pids();
    await pool.invoke({});
    await pool.stop(0);
    expect(telemetry).toEqual([
      [{ event: "job_leased", job_id: "j" }, pid],
      [{ event: "without a newline" }, pid],
    ]);
    expect(logs).toEqual([
      [{ level: "warn", message: "slow origin" }, pid],
      [{ level: "info", message: "plain words" }, pid],
    ]);
  });

  it("fails to start, with the reason, if the handler cannot be imported", async () => {
    await expect(poolOf("missing")).rejects.toThrow(/exports no function called missing/);
    await expect(poolOf("echo", { modulePath: join(folder, "nowhere.mjs") })).rejects.toThrow(/nowhere\.mjs/);
  });

  it("lets a running invocation end when it is stopped, and refuses a new one", async () => {
    const pool = await poolOf("echo");
    const running = pool.invoke({ n: 1 });
    await pool.stop(60_000);
    expect(await running).toMatchObject({ event: { n: 1 } });
    expect(pool.pids()).toEqual([]);
    await expect(pool.invoke({ n: 2 })).rejects.toThrow("worker is being stopped.");
  });

  it("kills an invocation that exceeds the grace period of a stop, and fails the queued ones", async () => {
    const pool = await poolOf("hang");
    const outcomes = Promise.allSettled([pool.invoke({ forever: true }), pool.invoke({})]);
    await pool.stop(50);
    expect((await outcomes).map((outcome) => outcome.status)).toEqual(["rejected", "rejected"]);
    expect(pool.pids()).toEqual([]);
  });

  it("leaves no process behind if its parent is killed", async () => {
    const poolModule = new URL("../../embedded-aws/lambda/lambda-pool.ts", import.meta.url).href;
    const program = `
      import { startLambdaPool } from ${JSON.stringify(poolModule)};
      const pool = await startLambdaPool(${JSON.stringify({ name: "worker", modulePath, exportName: "hang", timeoutMs: 60_000, environment: {} })}, 1);
      console.log(pool.pids()[0]);
      await pool.invoke({ forever: true });`;
    const parent = spawn(process.execPath, ["--input-type=module", "--eval", program], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = await once(parent.stdout, "data");
    const orphan = Number(line);
    expect(isAlive(orphan)).toBe(true);
    parent.kill("SIGKILL");
    await until(() => !isAlive(orphan));
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
