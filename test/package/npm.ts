import { execFile } from "node:child_process";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** The environment as it is outside of this repository and of its npm scripts, with `node` first on the path. */
export function environmentOf(node: string): NodeJS.ProcessEnv {
  const { PATH = "", ...others } = process.env;
  const folders = PATH.split(delimiter).filter((folder) => !folder.includes("node_modules"));
  return {
    ...Object.fromEntries(Object.entries(others).filter(([name]) => !/^(npm_|VITEST|NODE_(ENV|OPTIONS)$)/i.test(name))),
    PATH: [dirname(node), ...folders].join(delimiter),
  };
}

/** @returns what npm printed. @throws Error with what it printed instead. */
export async function npm(folder: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await execute("npm", args, { cwd: folder, env: environmentOf(process.execPath) });
  return stdout.trim();
}

/** The Node in the folder in which npm installed one. */
export const nodeIn = (folder: string): string =>
  join(
    folder,
    "node_modules",
    `node-${platform}-${process.arch}`,
    "bin",
    process.platform === "win32" ? "node.exe" : "node",
  );

const platform = process.platform === "win32" ? "win" : process.platform;

/** Installs a version of Node, whose packages are named after machines. @throws Error if it cannot be had. */
export async function installNode(folder: string, version: string): Promise<void> {
  const name = `node-${platform}-${process.arch}@${version}`;
  await npm(folder, "install", "--no-save", "--ignore-scripts", "--fetch-retries=1", "--prefix", ".", name);
}
