import { execFile } from "node:child_process";
import { chmod, mkdir, readFile, rm, statfs, truncate } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { LOG, nginx, startForeignServer } from "../foreign/servers.ts";
import { GIB } from "../harness/measurement.ts";
import { temporaryFolder } from "../harness/temporary-folder.ts";
import { checkDownloaded, makeFiles, writeList, type UrlList } from "./files.ts";
import { programPath, versionOf } from "./programs.ts";
import type { Tool } from "./tools.ts";
import { usageOf, type Usage } from "./usage.ts";

/** The files of all parts, twice, and what a tool writes beside them. */
const NEEDED_BYTES = 4 * GIB;
const run = promisify(execFile);

/** One run of a tool. */
export interface Download extends Usage {
  /** What the origin logged. */
  readonly requests: number;
  /** From the start of the command until the origin had answered the first request. */
  readonly firstAnswerSeconds: number | undefined;
}

/** nginx, a folder for the files that it serves, and a folder for each download. */
export class Testbed {
  readonly signal: AbortSignal;
  /** What the results depend on. */
  readonly description: string;
  readonly #folder: string;
  readonly #url: string;

  private constructor(signal: AbortSignal, description: string, folder: string, url: string) {
    this.signal = signal;
    this.description = description;
    this.#folder = folder;
    this.#url = url;
  }

  static async start(scope: AsyncDisposableStack, signal: AbortSignal): Promise<Testbed> {
    const program = await programPath("nginx", "nginx-light");
    const { path: folder } = scope.use(await temporaryFolder());
    await checkSpace(folder);
    const tree = join(folder, "tree");
    await mkdir(tree);
    // nginx drops its privileges and must still be able to read the tree.
    await chmod(folder, 0o755);
    const { url } = scope.use(await startForeignServer(nginx, program, tree, join(folder, "nginx")));
    const { stdout } = await run("stat", ["--file-system", "--format=%T", folder]);
    const description = `The origin is nginx ${await versionOf(program, "-v")}. All files are on ${stdout.trim()}.`;
    return new Testbed(signal, description, folder, url);
  }

  /** Makes files of that many bytes, has them served, and hands over the list of them. Afterwards they are removed. */
  async serving<T>(count: number, size: number, task: (list: UrlList) => Promise<T>): Promise<T> {
    const folder = join(this.#folder, "tree/files");
    try {
      const files = await makeFiles(folder, `${this.#url}/files`, { count, size }, this.signal);
      return await task(await this.list("all", files));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async list(name: string, files: UrlList["files"]): Promise<UrlList> {
    return writeList(join(this.#folder, `${name}.txt`), files);
  }

  /** Downloads into a new folder, and removes it. */
  async download(tool: Tool, list: UrlList): Promise<Download> {
    return this.#inNewFolder(async (outDir) => this.#measured(tool, list, outDir));
  }

  /** Downloads the same list a second time into the same folder. */
  async downloadTwice(tool: Tool, list: UrlList): Promise<{ readonly first: Download; readonly again: Download }> {
    return this.#inNewFolder(async (outDir) => ({
      first: await this.#measured(tool, list, outDir),
      again: await this.#measured(tool, list, outDir),
    }));
  }

  async #inNewFolder<T>(task: (outDir: string) => Promise<T>): Promise<T> {
    const outDir = join(this.#folder, "downloads");
    await mkdir(outDir);
    try {
      return await task(outDir);
    } finally {
      await rm(outDir, { recursive: true, force: true, maxRetries: 3 });
    }
  }

  async #measured(tool: Tool, list: UrlList, outDir: string): Promise<Download> {
    const log = join(this.#folder, "nginx", LOG);
    const command = await tool.command(list, outDir);
    await truncate(log);
    // What an earlier run has left to write to the disk would disturb this one.
    await run("sync", ["--file-system", this.#folder]);
    const usage = await usageOf(command, this.#folder, this.signal);
    await checkDownloaded(list, join(outDir, tool.filesIn), this.signal);
    const answers = (await readFile(log, "utf8")).split("\n").slice(0, -1);
    const firstAnsweredAt = answers[0]?.split(" ").at(-1);
    return {
      ...usage,
      requests: answers.length,
      firstAnswerSeconds:
        firstAnsweredAt === undefined ? undefined : Number(firstAnsweredAt) - usage.startedAtMs / 1000,
    };
  }
}

async function checkSpace(folder: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= NEEDED_BYTES) return;
  throw new Error(
    `${folder} has less than ${NEEDED_BYTES / GIB} GiB of free space. Set TMPDIR to a folder on a disk that has more.`,
  );
}
