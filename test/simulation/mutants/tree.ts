import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const COPIED = ["package.json", "core", "adapters", "lambdas", "test/simulation", "test/invocation.ts"];

/** A change of one file. `find` must occur exactly once in the file. */
export interface Change {
  readonly file: string;
  readonly find: string;
  readonly put: string;
}

/** Applies the changes to a copy of the product and its simulator, and runs the task on that copy. */
export async function inChangedTree<T>(changes: readonly Change[], task: (tree: string) => Promise<T>): Promise<T> {
  const tree = await mkdtemp(join(tmpdir(), "mutant-"));
  try {
    for (const path of COPIED) await cp(join(ROOT, path), join(tree, path), { recursive: true });
    await symlink(join(ROOT, "node_modules"), join(tree, "node_modules"));
    for (const change of changes) await make(change, tree);
    return await task(tree);
  } finally {
    await rm(tree, { recursive: true, force: true });
  }
}

async function make({ file, find, put }: Change, tree: string): Promise<void> {
  const source = await readFile(join(tree, file), "utf8");
  if (source.split(find).length !== 2)
    throw new Error(
      `The mutant is out of date: "${find}" does not occur exactly once in ${file}. Update its find text.`,
    );
  await writeFile(
    join(tree, file),
    source.replace(find, () => put),
  );
}

interface Ended {
  readonly error: (Error & { readonly killed?: boolean }) | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program of this folder in the tree. It is killed after `longestMs`. */
export async function runIn(tree: string, program: string, args: readonly string[], longestMs: number): Promise<Ended> {
  const limits = { timeout: longestMs, killSignal: "SIGKILL" as const, maxBuffer: 2 ** 26 };
  const path = join(tree, "test/simulation/mutants", program);
  return new Promise((resolve) => {
    execFile(process.execPath, [path, ...args], limits, (error, stdout, stderr) => resolve({ error, stdout, stderr }));
  });
}
