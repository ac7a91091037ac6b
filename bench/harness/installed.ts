/** Tools that npm does not install: each pinned version is installed once, into the user's cache. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const CACHE = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "fetchonce");

/** @returns the folder of the installation. An interrupted installation is started again from nothing. */
export async function installed(
  name: string,
  versions: string,
  install: (folder: string) => Promise<void>,
): Promise<string> {
  const folder = join(CACHE, `${name}-${createHash("sha256").update(versions).digest("hex").slice(0, 16)}`);
  const isComplete = join(folder, "complete");
  if (existsSync(isComplete)) return folder;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await install(folder);
  await writeFile(isComplete, versions);
  return folder;
}

/** @returns the `bin` folder of a Python virtual environment with the packages of that requirements file. */
export async function installedPackages(name: string, requirements: string): Promise<string> {
  const { stdout: version } = await run("python3", ["--version"]);
  const folder = await installed(name, version + (await readFile(requirements, "utf8")), async (into) => {
    await run("python3", ["-m", "venv", into]);
    await run(join(into, "bin/python"), ["-m", "pip", "install", "--quiet", "--requirement", requirements]);
  });
  return join(folder, "bin");
}
