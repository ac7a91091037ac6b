import { mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { MachineTroubleError } from "../../../adapters/local/machine-trouble.ts";
import { lockRun, shareLock, tryLock } from "../../../local/shared/lock.ts";
import { ChildProgram, moduleOf, nodeArguments } from "../../child-program.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fetchonce-lock-"));
});
afterEach(async () => rm(folder, { recursive: true }));

const LOCK_MODULE = moduleOf("local/shared/lock.ts");

/** Takes the folder, and says whether it could, and when by the clock that all processes share. */
const RUN = `
  import { lockRun } from ${LOCK_MODULE};
  console.log("trying");
  const release = lockRun(process.argv.at(-1));
  console.log(\`\${release ? "locked" : "refused"} \${process.hrtime.bigint()}\`);
  setInterval(() => undefined, 1000);`;

/** Shares the lock, and ends, as soon as files say so. It outlives its run. */
const WORKER = `
  import fs from "node:fs";
  import { join } from "node:path";
  import { setTimeout as sleep } from "node:timers/promises";
  import { shareLock } from ${LOCK_MODULE};
  const [stateDir] = process.argv.slice(-1);
  const until = async (file) => {
    while (!fs.existsSync(join(stateDir, file))) await sleep(5);
  };
  console.log("up");
  await until("share");
  try {
    shareLock(stateDir);
    console.log("shared");
  } catch (error) {
    console.log(error.message);
  }
  await until("end");
  fs.writeSync(1, \`ends \${process.hrtime.bigint()}\\n\`);`;

/** A run with one worker. What the worker prints comes out of the run. */
const RUN_WITH_WORKER = `
  import { spawn } from "node:child_process";
  import { lockRun } from ${LOCK_MODULE};
  const stateDir = process.argv.at(-1);
  if (!lockRun(stateDir)) throw new Error("The folder is in use.");
  const worker = ${JSON.stringify(nodeArguments(WORKER, []))};
  spawn(process.execPath, [...worker, stateDir], { stdio: ["ignore", "inherit", "inherit"] });
  setInterval(() => undefined, 1000);`;

const tellWorker = (what: "share" | "end"): void => writeFileSync(join(folder, what), "");

/** Ends the worker too, which outlives the run. */
async function withRun(test: (run: ChildProgram) => Promise<void>): Promise<void> {
  const run = new ChildProgram(RUN_WITH_WORKER, [folder]);
  onTestFinished(async () => run[Symbol.asyncDispose]());
  try {
    expect(await run.line()).toBe("up");
    await test(run);
  } finally {
    tellWorker("share");
    tellWorker("end");
    await run.untilLine(/^ends/);
  }
}

describe("the lock on a file", () => {
  it("is held by one caller at a time, and is free again after its release", () => {
    const path = join(folder, "lock");
    const release = tryLock(path);
    expect(tryLock(path)).toBeUndefined();
    release?.();
    const again = tryLock(path);
    expect(again).toBeTypeOf("function");
    again?.();
  });

  it("says what is wrong if the folder does not exist", () => {
    const path = join(folder, "missing/lock");
    let thrown: unknown;
    try {
      tryLock(path);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(MachineTroubleError);
    expect(thrown).toMatchObject({ sentence: `${path}: it cannot be opened.` });
  });
});

describe("a run's lock on its folder", () => {
  it("keeps another run out, and is free after it was given back", () => {
    const release = lockRun(folder);
    expect(lockRun(folder)).toBeUndefined();
    release?.();
    const again = lockRun(folder);
    expect(again).toBeTypeOf("function");
    again?.();
  });

  it("keeps runs of other processes out until the process is killed", async () => {
    const run = new ChildProgram(RUN, [folder]);
    onTestFinished(async () => run[Symbol.asyncDispose]());
    await run.untilLine(/^locked/);
    expect(lockRun(folder)).toBeUndefined();
    await run.kill();
    const release = lockRun(folder);
    expect(release).toBeTypeOf("function");
    const late = new ChildProgram(RUN, [folder]);
    onTestFinished(async () => late[Symbol.asyncDispose]());
    await late.untilLine(/^refused/);
    release?.();
  });

  it("is shared by the workers of the run", async () =>
    withRun(async (run) => {
      tellWorker("share");
      expect(await run.line()).toBe("shared");
      expect(lockRun(folder)).toBeUndefined();
      expect(tryLock(join(folder, "workers.lock"))).toBeUndefined();
    }));

  it("is taken only when the last worker of a dead run has ended", async () =>
    withRun(async (run) => {
      tellWorker("share");
      expect(await run.line()).toBe("shared");
      await run.kill();
      const next = new ChildProgram(RUN, [folder]);
      onTestFinished(async () => next[Symbol.asyncDispose]());
      await next.untilLine(/^trying/);
      tellWorker("end");
      const [, endedAt = ""] = (await run.untilLine(/^ends/)).split(" ");
      const [said, lockedAt = ""] = (await next.line()).split(" ");
      expect(said).toBe("locked");
      expect(BigInt(lockedAt)).toBeGreaterThan(BigInt(endedAt));
    }));

  it("is refused to a worker whose run died before the worker took it, once another run has begun", async () =>
    withRun(async (run) => {
      await run.kill();
      const release = lockRun(folder);
      expect(release).toBeTypeOf("function");
      tellWorker("share");
      expect(await run.line()).toBe(`Another run has taken over ${folder}.`);
      release?.();
    }));

  it("is free again if the workers' part of it cannot be used", () => {
    mkdirSync(join(folder, "workers.lock"));
    expect(() => lockRun(folder)).toThrow(MachineTroubleError);
    rmdirSync(join(folder, "workers.lock"));
    const release = lockRun(folder);
    expect(release).toBeTypeOf("function");
    release?.();
  });

  it("is refused to a process that is no child of the run", () => {
    const release = lockRun(folder);
    expect(() => shareLock(folder)).toThrow(`Another run has taken over ${folder}.`);
    release?.();
  });
});
