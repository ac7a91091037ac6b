/** The whole pipeline with its embedded services is killed or stopped, and started again on the same folder. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { globSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { contentKey } from "../../core/model/keys.ts";
import { originSha256 } from "../../local/origin/content.ts";
import type { OriginFile } from "../../local/origin/file.ts";
import type { Origin } from "../../local/origin/server.ts";
import { KIB, MIB, startRun, startSurroundings, until } from "../e2e/support.ts";

const PROGRAM = fileURLToPath(new URL("pipeline-program.ts", import.meta.url));
// Over one connection, so that the bytes that were sent are those of the parts that were staged.
const WORKER_ENV = { ALLOW_PRIVATE_HOSTS: "true", LEASE_TTL_MS: "2000", MOST_RANGES: "1" };

const messageOf = (origin: Origin, file: OriginFile): object => ({
  work_id: "e2e",
  artifact_id: file.name,
  url: origin.urlOf(file),
});

/** Starts the pipeline program and waits until it has accepted the messages. It is killed when the test ends. */
async function startProgram(outDir: string, messages: readonly object[]): Promise<ChildProcess> {
  const child = fork(PROGRAM, [outDir, JSON.stringify(WORKER_ENV), JSON.stringify(messages)], { execArgv: [] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const accepted = await Promise.race([once(child, "message"), once(child, "exit")]);
  expect(accepted[0]).toBe("accepted");
  return child;
}

/** By path, what identifies each content object on disk: its inode, time of writing, and size. */
function contentOnDisk(outDir: string): ReadonlyMap<string, string> {
  const cwd = join(outDir, "content");
  return new Map(
    globSync("sha256/*/*/*", { cwd }).map((path) => {
      const { ino, mtimeMs, size } = statSync(join(cwd, path));
      return [path, `inode ${ino}, written at ${mtimeMs}, ${size} bytes`];
    }),
  );
}

const FILES: readonly OriginFile[] = [
  { name: "big", size: 30 * MIB, rate: 6 * MIB },
  ...Array.from({ length: 40 }, (_, index): OriginFile => ({
    name: `file-${index}`,
    size: 20 * KIB + index,
    delayMs: 150,
  })),
];

it("after kill -9 of the whole pipeline, the next run ends all accepted jobs and writes nothing twice", async () => {
  const surroundings = await startSurroundings();
  const { origin, outDir } = surroundings;
  const program = await startProgram(
    outDir,
    FILES.map((file) => messageOf(origin, file)),
  );
  await until("the run is half done", async () => {
    const done = contentOnDisk(outDir).size;
    const [big = { name: "", size: 0 }] = FILES;
    const sent = origin.requestsOf(big).reduce((sum, { bytes }) => sum + bytes, 0);
    return done >= 5 && sent > 10 * MIB ? undefined : `${done} done, ${sent} bytes of the big file sent`;
  });
  program.kill("SIGKILL");
  await once(program, "exit");
  const before = contentOnDisk(outDir);
  expect(before.size).toBeLessThan(FILES.length);

  const run = await startRun(surroundings);
  const records = await run.untilTerminal(FILES.map((file) => run.idOf(file)));
  expect(new Set([...records.values()].map(({ state }) => state))).toEqual(new Set(["INDEXED"]));
  for (const file of FILES) expect(await run.contentDigest(file)).toBe(originSha256(file));
  const after = contentOnDisk(outDir);
  expect([...after.keys()].toSorted()).toEqual(FILES.map((file) => contentKey(originSha256(file))).toSorted());
  for (const [path, identity] of before) expect(after.get(path)).toBe(identity);
  expect(run.contentWrites().toSorted()).toEqual([...after.keys()].filter((path) => !before.has(path)).toSorted());
  await until("staging is empty", async () => {
    const left = await run.staging();
    return left.length === 0 ? undefined : JSON.stringify(left);
  });
  await run.untilQueueIsEmpty();
});

it("a pipeline stopped in mid-run exits by itself, and the next run resumes from the last staged part", async () => {
  const surroundings = await startSurroundings();
  const { origin, outDir } = surroundings;
  const file: OriginFile = { name: "long", size: 42 * MIB, rate: 6 * MIB };
  const program = await startProgram(outDir, [messageOf(origin, file)]);
  await until("more than a part was sent", async () => {
    const sent = origin.requestsOf(file).reduce((sum, { bytes }) => sum + bytes, 0);
    return sent > 12 * MIB ? undefined : `${sent} bytes sent`;
  });
  const exited = once(program, "exit");
  program.send("stop");
  expect(await once(program, "message")).toEqual(["stopped", undefined]);
  expect(await exited).toEqual([0, null]);
  const run = await startRun(surroundings);
  const record = (await run.untilTerminal([run.idOf(file)])).get(run.idOf(file));
  expect(record).toMatchObject({ state: "INDEXED", transfer: { sha256: originSha256(file) } });
  expect(record?.resumedBytes).toBeGreaterThan(0);
  expect(await run.contentDigest(file)).toBe(originSha256(file));
});
