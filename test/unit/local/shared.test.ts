import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lineSplitter } from "../../../local/shared/lines.ts";
import { tryLock } from "../../../local/shared/lock.ts";

describe("the lock on a directory", () => {
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "fetchonce-lock-"));
  });
  afterEach(async () => rm(folder, { recursive: true }));

  it("is held by one caller at a time, and is free again after its release", () => {
    const lock = join(folder, "lock");
    const release = tryLock(lock);
    expect(tryLock(lock)).toBeUndefined();
    release?.();
    const again = tryLock(lock);
    expect(again).toBeTypeOf("function");
    again?.();
  });

  it("is free again after the process that held it was killed", async () => {
    const lock = join(folder, "lock");
    const lockModule = new URL("../../../local/shared/lock.ts", import.meta.url).href;
    const program = `
      import { tryLock } from ${JSON.stringify(lockModule)};
      console.log(typeof tryLock(${JSON.stringify(lock)}));
      setInterval(() => {}, 1000);`;
    const holder = spawn(process.execPath, ["--input-type=module", "--eval", program], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [said] = await once(holder.stdout, "data");
    expect(String(said)).toBe("function\n");
    expect(tryLock(lock)).toBeUndefined();
    holder.kill("SIGKILL");
    await once(holder, "close");
    const release = tryLock(lock);
    expect(release).toBeTypeOf("function");
    release?.();
  });

  it("fails with SQLite's error if the directory does not exist", () => {
    expect(() => tryLock(join(folder, "missing/lock"))).toThrow(/unable to open/);
  });
});

describe("the line splitter", () => {
  it.each([
    { pieces: ["a\nb\n"], lines: ["a", "b"] },
    { pieces: ["a", "b\nc", "\n"], lines: ["ab", "c"] },
    { pieces: ["a\n\nb"], lines: ["a", "", "b"] },
    { pieces: [], lines: [] },
  ])("splits $pieces into $lines", ({ pieces, lines }) => {
    const seen: string[] = [];
    const splitter = lineSplitter((line) => seen.push(line));
    for (const piece of pieces) splitter.push(piece);
    splitter.end();
    expect(seen).toEqual(lines);
  });
});
