/** Cloud assemblies of the present version and of past releases, and the CDK CLI that deploys them. */
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildApp } from "../../infra/build.ts";
import type { Environment } from "../../infra/environments/environment.ts";
import type { Emulator } from "./emulator.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const RELEASES = fileURLToPath(new URL("releases/", import.meta.url));
const CDK = join(ROOT, "node_modules/.bin/cdk");

export interface Resource {
  readonly Type: string;
  readonly DeletionPolicy?: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}
export interface DeployedStack {
  readonly name: string;
  readonly templateFile: string;
  readonly isProtected: boolean;
  readonly resources: Readonly<Record<string, Resource>>;
  readonly outputs: readonly string[];
}

/** @returns the CLI's output, stdout first. @throws Error with the output if the CLI fails. */
export async function cdk(args: readonly string[], environment: Emulator["environment"] = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      CDK,
      [...args, "--no-notices"],
      { cwd: ROOT, env: { ...process.env, ...environment, CI: "true" } },
      (error, out, err) => {
        if (error) reject(new Error(`cdk ${args.join(" ")} failed:\n${out}${err}`, { cause: error }));
        else resolve(out + err);
      },
    );
  });
}

export async function synthesize(env: string, into: string): Promise<string> {
  await cdk(["synth", "--quiet", "--context", `env=${env}`, "--output", into]);
  return into;
}

/** As `synthesize`, with some settings of the environment changed. */
export async function synthesizeChanged(env: string, changes: Partial<Environment>, outdir: string): Promise<string> {
  const { app } = await buildApp({ outdir, context: { env } }, { validated: false, changes });
  app.synth();
  return outdir;
}

const LAST_RELEASE = readdirSync(RELEASES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }))
  .at(-1);

/** The last release's assembly. Its function code is a stub, since an upgrade replaces all code. */
export async function lastRelease(env: string, into: string): Promise<string> {
  await cp(join(RELEASES, String(LAST_RELEASE), env), into, { recursive: true });
  for (const file of readdirSync(into).filter((name) => name.endsWith(".assets.json"))) {
    const { files } = JSON.parse(await readFile(join(into, file), "utf8")) as {
      files: Record<string, { source: { path: string } }>;
    };
    for (const { source } of Object.values(files)) {
      const path = join(into, source.path);
      if (existsSync(path)) continue;
      await mkdir(path);
      await writeFile(join(path, "index.mjs"), "export const handler = () => undefined;\n");
    }
  }
  return into;
}

export function stacksOf(assembly: string): readonly DeployedStack[] {
  const { artifacts } = JSON.parse(readFileSync(join(assembly, "manifest.json"), "utf8")) as {
    artifacts: Record<
      string,
      { type: string; properties: { templateFile: string; stackName?: string; terminationProtection?: boolean } }
    >;
  };
  return Object.entries(artifacts)
    .filter(([, { type }]) => type === "aws:cloudformation:stack")
    .map(([id, { properties }]) => {
      const { templateFile, stackName = id, terminationProtection = false } = properties;
      const { Resources, Outputs = {} } = JSON.parse(readFileSync(join(assembly, templateFile), "utf8")) as {
        Resources: Record<string, Resource>;
        Outputs?: Record<string, unknown>;
      };
      return {
        name: stackName,
        templateFile: join(assembly, templateFile),
        isProtected: terminationProtection,
        resources: Resources,
        outputs: Object.keys(Outputs),
      };
    });
}
