/** Runs the real command against an origin on 127.0.0.1, each test in a folder of its own. */
import { spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, vi } from "vitest";
import { originSha256 } from "../../../local/origin/content.ts";
import type { OriginFile } from "../../../local/origin/file.ts";
import { startOrigin, type Origin } from "../../../local/origin/server.ts";

export const KIB = 1024;
export const MIB = 1024 * KIB;
export const PART_BYTES = 8 * MIB;

export const MAIN = fileURLToPath(new URL("../../../cli/main.ts", import.meta.url));
const LONGEST_WAIT_MS = 60_000;

/** A line of `results.jsonl`. */
export type Result = Readonly<Record<string, unknown>>;

export interface Ended {
  /** -1: a signal ended the process. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface StartOptions {
  /** Everything that standard input has. Undefined: it stays open and silent. */
  readonly input?: string | undefined;
  readonly env?: Readonly<NodeJS.ProcessEnv> | undefined;
  readonly cwd?: string | undefined;
  /** In a process group of its own, so that the whole group can be killed. */
  readonly ownGroup?: boolean | undefined;
  /** A command that starts the command: `unshare -n`. */
  readonly through?: readonly string[] | undefined;
}

export class Command {
  readonly process: ChildProcess;
  readonly #closed: Promise<unknown>;
  stdout = "";
  stderr = "";

  constructor(args: readonly string[], { input, env = {}, cwd, ownGroup = false, through = [] }: StartOptions = {}) {
    const stdio: StdioOptions = ["pipe", "pipe", "pipe"];
    const [program = "", ...rest] = [...through, process.execPath, MAIN, ...args];
    this.process = spawn(program, rest, {
      stdio,
      env: { ...process.env, ...env },
      cwd,
      detached: ownGroup,
    });
    this.process.stdout?.on("data", (data: Buffer) => (this.stdout += data.toString()));
    this.process.stderr?.on("data", (data: Buffer) => (this.stderr += data.toString()));
    this.process.stdin?.on("error", () => undefined);
    if (input !== undefined) this.process.stdin?.end(input);
    this.#closed = once(this.process, "close");
    onTestFinished(() => void this.process.kill("SIGKILL"));
  }

  get pid(): number {
    if (this.process.pid === undefined) throw new Error("The command was not started.");
    return this.process.pid;
  }

  async ended(): Promise<Ended> {
    await this.#closed;
    return { code: this.process.exitCode ?? -1, stdout: this.stdout, stderr: this.stderr };
  }

  /** Waits until the text has been printed. */
  async printed(text: string): Promise<void> {
    await soon(() => {
      if (!(this.stdout + this.stderr).includes(text)) throw new Error(`Not printed yet: ${text}`);
    });
  }
}

/** Waits until the check passes. */
export const soon = async (check: () => void): Promise<void> =>
  vi.waitFor(check, { timeout: LONGEST_WAIT_MS, interval: 50 });

/** A folder, an origin, and the command in them. */
export class Bench {
  readonly folder: string;
  readonly out: string;
  readonly origin: Origin;

  static async start(): Promise<Bench> {
    const folder = await mkdtemp(join(tmpdir(), "fetchonce-get-"));
    onTestFinished(async () => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }));
    const origin = await startOrigin();
    onTestFinished(async () => origin.stop());
    return new Bench(folder, origin);
  }

  private constructor(folder: string, origin: Origin) {
    this.folder = folder;
    this.out = join(folder, "out");
    this.origin = origin;
  }

  /** `fetchonce get ARGUMENTS`, into `out`, with one worker, also from this machine. */
  get(args: readonly string[], options?: StartOptions): Command {
    return new Command(["get", "--out", this.out, "--workers", "1", "--allow-private-hosts", ...args], options);
  }

  async got(args: readonly string[], options?: StartOptions): Promise<Ended> {
    return this.get(args, options).ended();
  }

  urls(...files: readonly OriginFile[]): readonly string[] {
    return files.map((file) => this.origin.urlOf(file));
  }

  async list(name: string, lines: readonly string[]): Promise<string> {
    const path = join(this.folder, name);
    await writeFile(path, lines.map((line) => `${line}\n`).join(""));
    return path;
  }

  results(): readonly Result[] {
    const path = join(this.out, "results.jsonl");
    const text = existsSync(path) ? readFileSync(path, "utf8") : "";
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Result);
  }

  /** The names below `files/`, in order. */
  names(): readonly string[] {
    const folder = join(this.out, "files");
    if (!existsSync(folder)) return [];
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
      .map((name) => name.slice(name.indexOf("/") + 1))
      .toSorted();
  }

  contentPath(file: OriginFile): string {
    const sha256 = originSha256(file);
    return join(this.out, "content/sha256", sha256.slice(0, 2), sha256.slice(2, 4), sha256);
  }

  /** Bytes of bodies that the origin sent for the file. */
  sentOf(file: OriginFile): number {
    return this.origin.requestsOf(file).reduce((sum, { method, bytes }) => sum + (method === "GET" ? bytes : 0), 0);
  }
}

/** What went wrong is said in sentences. */
export function expectNoStackTrace({ stdout, stderr }: Ended): void {
  expect(stdout + stderr).not.toMatch(/^\s+at .*:\d+:\d+/m);
}
