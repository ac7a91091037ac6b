import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** What `exports` offers, and what its types name. In the package they lie side by side. */
const DECLARED = [
  "package/library.d.ts",
  "package/api.d.ts",
  "package/producer.d.ts",
  "package/cdk.d.ts",
  "core/flow/host-rule.d.ts",
  "core/producer/check-job.d.ts",
  "core/producer/errors.d.ts",
  "core/producer/job.d.ts",
  "core/producer/job-sender.d.ts",
  "infra/data/existing.d.ts",
  "infra/construct/fetchonce.d.ts",
  "infra/environments/environment.d.ts",
  "infra/environments/settings.d.ts",
  "infra/pipeline/alarm-topics.d.ts",
  "infra/pipeline/network.d.ts",
];
/** Packages that users of the construct have, since they make an app with them. */
const BROUGHT = /^(aws-cdk-lib|constructs)(\/|$)/;
/** An import or a re-export, outside of comments. */
const IMPORTED = /^(?! *\/?\*)(.*(?:\bfrom |\bimport\())"([^"]+)"/gm;

/** Writes the types of the library. @throws Error if they need declarations that the package does not have. */
export async function writeDeclarations(root: string, dist: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "fetchonce-types-"));
  try {
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    await run(process.execPath, [tsc, "--project", join(root, "package/tsconfig.json"), "--outDir", folder]);
    for (const path of DECLARED) {
      const text = await readFile(join(folder, path), "utf8");
      await writeFile(join(dist, basename(path)), sideBySide(path, text));
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The declarations with imports of what lies beside them. */
const sideBySide = (path: string, text: string): string =>
  text.replace(IMPORTED, (all, before: string, name: string) => {
    const imported = join(dirname(path), name).replace(/\.ts$/, ".d.ts");
    if (BROUGHT.test(name)) return all;
    if (name.startsWith(".") && DECLARED.includes(imported)) return `${before}"./${basename(name)}"`;
    throw new Error(`${path} offers types of ${name}, which is not in the package. Declare them, or add the file.`);
  });
