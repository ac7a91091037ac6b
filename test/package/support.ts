import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, inject } from "vitest";
import { startOrigin, type Origin } from "../../local/origin/server.ts";
import { environmentOf } from "./npm.ts";

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Started {
  /** Settles with what matches, once it was printed to standard output. */
  printed(pattern: RegExp): Promise<string>;
  readonly ended: Promise<Ended>;
}

/** Starts a command in the folder into which the package is installed, with that Node. */
export function start(node: string, command: string, ...args: readonly string[]): Started {
  const child = spawn(command, args, {
    cwd: inject("installed"),
    env: environmentOf(node),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject).once("close", (code) => resolve({ code, stdout, stderr }));
  });
  const printed = async (pattern: RegExp): Promise<string> => {
    for (;;) {
      const [found] = pattern.exec(stdout) ?? [];
      if (found !== undefined) return found;
      if (child.stdout.closed) throw new Error(`${pattern} was not printed, but: ${stdout}${stderr}`);
      await Promise.race([once(child.stdout, "data"), once(child.stdout, "close")]);
    }
  };
  return { printed, ended };
}

/** Like `start`, until the command ends. */
export const run = async (...command: Parameters<typeof start>): Promise<Ended> => start(...command).ended;

/** A folder and an origin for each test of the file. */
export function forEachTest(): { readonly folder: string; readonly origin: Origin } {
  const mine = {} as { folder: string; origin: Origin };
  beforeEach(async () => {
    mine.folder = await mkdtemp(join(tmpdir(), "fetchonce-user-"));
    mine.origin = await startOrigin();
  });
  afterEach(async () => {
    await mine.origin.stop();
    await rm(mine.folder, { recursive: true, maxRetries: 5, retryDelay: 200 });
  });
  return mine;
}

export async function resultsIn(out: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const text = await readFile(join(out, "results.jsonl"), "utf8");
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
}
