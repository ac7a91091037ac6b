import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { environmentOf } from "./npm.ts";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** Nothing is published: npm only says what it would do, and the registry is an address where nobody listens. */
const HARMLESS = {
  npm_config_dry_run: "true",
  npm_config_registry: "http://127.0.0.1:9",
  npm_config_fetch_retries: "0",
};

const textOf = (path: string): string => readFileSync(new URL(path, `file://${ROOT}`), "utf8");

it("the commands of docs/publishing.md are those of CI, and two that pack and publish the package", async () => {
  const [, block = ""] = /^```sh\n(.*?)^```/ms.exec(textOf("docs/publishing.md")) ?? [];
  const commands = block
    .trimEnd()
    .split("\n")
    .map((line) => line.replace(/ *#.*/, ""));
  const lasts = commands.splice(-2);
  expect(commands.filter((command) => !textOf(".ci/run").split("\n").includes(command))).toEqual([]);
  const said: string[] = [];
  for (const command of lasts) {
    const env = { ...environmentOf(process.execPath), ...HARMLESS };
    const { stderr, stdout } = await run("bash", ["-euc", command], { cwd: ROOT, env });
    said.push(stdout + stderr);
  }
  for (const text of said) expect(text).toMatch(/npm notice .*dist\/fetchonce\.cjs[^]*fetchonce-\d+\.\d+\.\d+\.tgz/);
  expect(said.at(-1)).toContain("(dry-run)");
});
