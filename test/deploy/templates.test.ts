/** Templates as others read them: cfn-lint knows CloudFormation's schemas, regions and best practice. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { ENVIRONMENTS } from "../../infra/environments/environments.ts";
import { stacksOf, synthesize } from "./assembly.ts";
import { installPython } from "./tools.ts";

const run = promisify(execFile);
const DEPLOYED = Object.keys(ENVIRONMENTS).filter((name) => name !== "local");

it.each(DEPLOYED)("cfn-lint reports no error, warning or hint in the templates of %s", async (env) => {
  const python = await installPython();
  const folder = await mkdtemp(join(tmpdir(), "fetchonce-templates-"));
  try {
    const templates = stacksOf(await synthesize(env, folder)).map(({ templateFile }) => templateFile);
    expect(templates).not.toEqual([]);
    const linter = join(dirname(python), "cfn-lint");
    const { stdout } = await run(linter, ["--include-checks", "I", "--template", ...templates]).catch(
      (error: { stdout?: string; stderr?: string }) => ({ stdout: `${error.stdout}${error.stderr}` }),
    );
    expect(stdout).toBe("");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
