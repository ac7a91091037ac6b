import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** A change of one file. `find` must occur exactly once in the file. */
export interface Change {
  readonly file: string;
  readonly find: string;
  readonly put: string;
}

/** Applies the changes to a copy of the project's `paths`, and runs the task on that copy. */
export async function inChangedTree<T>(
  paths: readonly string[],
  changes: readonly Change[],
  task: (tree: string) => Promise<T>,
): Promise<T> {
  const tree = await mkdtemp(join(tmpdir(), "mutant-"));
  try {
    for (const path of paths) await cp(join(ROOT, path), join(tree, path), { recursive: true });
    await symlink(join(ROOT, "node_modules"), join(tree, "node_modules"));
    for (const change of changes) await make(change, tree);
    return await task(tree);
  } finally {
    await rm(tree, { recursive: true, force: true });
  }
}

async function make({ file, find, put }: Change, tree: string): Promise<void> {
  const source = await readFile(join(tree, file), "utf8");
  if (source.split(find).length !== 2) throw new Error(`Out of date: ${file} does not have exactly one "${find}"`);
  await writeFile(
    join(tree, file),
    source.replace(find, () => put),
  );
}
