import { execFile } from "node:child_process";
import { copyFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** What `exports` offers. These modules declare all that they offer themselves. */
const DECLARED = ["library.d.ts", "api.d.ts"];
/** An import of anything else, outside of comments. */
const FOREIGN = /^(?! *\/?\*).*(\bfrom "(?!\.\/api\.ts")|\bimport\(")/m;

/** Writes the types of the library. @throws Error if they need declarations that the package does not have. */
export async function writeDeclarations(root: string, dist: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "fetchonce-types-"));
  try {
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    await run(process.execPath, [tsc, "--project", join(root, "package/tsconfig.json"), "--outDir", folder]);
    for (const name of DECLARED) {
      const path = join(folder, "package", name);
      if (FOREIGN.test(await readFile(path, "utf8")))
        throw new Error(`package/${name.replace(".d.ts", ".ts")} offers types of modules that are not in the package.`);
      await copyFile(path, join(dist, name));
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}
