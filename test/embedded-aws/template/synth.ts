import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, globSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { parseTemplates } from "./template.ts";
import type { Template } from "./template.ts";

export interface Assembly {
  readonly folder: string;
  readonly template: Template;
}

const PROJECT_ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const SOURCES = ["{core,adapters,lambdas,dashboards,infra}/**/*.ts", "package-lock.json", "tsconfig.json"];

const CACHE = join(PROJECT_ROOT, "node_modules/.cache/fetchonce");

/**
 * The local environment's cloud assembly, its stacks merged into one template. It is synthesized once for each state of
 * the sources, then taken from the cache.
 * @throws Error if the synthesis fails.
 */
export async function synthesize(cache = CACHE): Promise<Assembly> {
  const folder = join(cache, await digestOfSources());
  if (!existsSync(folder)) {
    await mkdir(cache, { recursive: true });
    await synthesizeInto(folder, await mkdtemp(join(cache, "synth-")));
  }
  const files = globSync("*.template.json", { cwd: folder });
  if (files.length === 0) throw new Error(`${folder} contains no template. Delete the folder and start again.`);
  const jsons = await Promise.all(files.map(async (file) => readFile(join(folder, file), "utf8")));
  return { folder, template: parseTemplates(jsons) };
}

async function digestOfSources(): Promise<string> {
  const files = globSync(SOURCES, { cwd: PROJECT_ROOT });
  const hash = createHash("sha256").update(process.version);
  for (const file of files.toSorted((a, b) => (a < b ? -1 : 1))) {
    hash.update(`\0${file}\0`).update(await readFile(join(PROJECT_ROOT, file)));
  }
  return hash.digest("hex").slice(0, 16);
}

/** Works in its own folder and renames it at the end: if two runs do so at once, both use the first one's result. */
async function synthesizeInto(folder: string, workFolder: string): Promise<void> {
  try {
    await runCdkApp(workFolder);
    await rename(workFolder, folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(workFolder, { recursive: true, force: true });
  }
}

/**
 * Writes the cloud assembly of one environment to the folder.
 * @throws Error with the program's output if it fails.
 */
export async function runCdkApp(
  outputFolder: string,
  context: Readonly<Record<string, unknown>> = { env: "local" },
): Promise<void> {
  const { PATH, HOME } = process.env;
  const env = { PATH, HOME, CDK_OUTDIR: outputFolder, CDK_CONTEXT_JSON: JSON.stringify(context) };
  try {
    await promisify(execFile)(process.execPath, ["infra/app.ts"], { cwd: PROJECT_ROOT, env });
  } catch (error) {
    const { code, stdout, stderr } = error as { code: unknown; stdout: string; stderr: string };
    throw new Error(
      `The stacks could not be synthesized (node infra/app.ts, exit ${String(code)}):\n${stdout}${stderr}`,
      { cause: error },
    );
  }
}
