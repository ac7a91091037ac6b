/** Finds programs of this machine, and installs what is missing. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Debian's packages of servers start them, but not in run level 1. */
const APT_ENVIRONMENT = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
const INSTALL = ["install", "--yes", "-qq", "--no-install-recommends"];

const found = (name: string): string | undefined =>
  [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin"].map((folder) => join(folder, name)).find(existsSync);

/**
 * @returns the program's path.
 * @throws Error that says how to install it, if it is missing and apt cannot install it.
 */
export async function programPath(name: string, aptPackage: string): Promise<string> {
  const path = found(name) ?? (await installedByApt(name, aptPackage));
  if (path === undefined)
    throw new Error(`${name} is missing and cannot be installed. Install it: apt-get install ${aptPackage}.`);
  return path;
}

async function installedByApt(name: string, aptPackage: string): Promise<string | undefined> {
  try {
    await run("apt-get", ["update", "-qq"], { env: APT_ENVIRONMENT });
    await run("apt-get", [...INSTALL, aptPackage], { env: APT_ENVIRONMENT });
    return found(name);
  } catch {
    return undefined;
  }
}

/** The first number with dots that it prints about itself. */
export async function versionOf(path: string, option = "--version"): Promise<string> {
  const { stdout, stderr } = await run(path, [option]);
  return /\d+(\.\w+)+/.exec(stdout + stderr)?.[0] ?? "of an unknown version";
}
