/** The commands of README.md, CONTRIBUTING.md and docs/telemetry.md that need no account, as readers type them. */
import { execFile, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it, onTestFinished } from "vitest";
import { present } from "../../core/model/present.ts";
import { startOrigin } from "../../local/origin/server.ts";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The block of a page that begins like that. */
const blockOf = (page: string, beginning: string): string =>
  present(
    [...readFileSync(join(ROOT, page), "utf8").matchAll(/^```sh\n(.*?)^```/gms)]
      .map(([, block = ""]) => block)
      .find((block) => block.startsWith(beginning)),
    `the block of ${page} that begins with ${beginning}`,
  );

/** @returns what is printed. */
async function typed(script: string, cwd: string): Promise<string> {
  // Vitest marks its processes. A further one is to be like any other.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("VITEST")));
  const { stderr, stdout } = await run("bash", ["-euo", "pipefail", "-c", script], { cwd, env });
  return stdout + stderr;
}

/** A folder in which `npm start` is the command, and an origin. Readers' own origins are not on their own machine. */
async function aReader() {
  const folder = await mkdtemp(join(tmpdir(), "fetchonce-reader-"));
  onTestFinished(async () => rm(folder, { recursive: true, force: true }));
  const origin = await startOrigin();
  onTestFinished(async () => origin.stop());
  const start = `${JSON.stringify(process.execPath)} ${JSON.stringify(join(ROOT, "cli/main.ts"))}`;
  await writeFile(join(folder, "package.json"), JSON.stringify({ scripts: { start } }));
  const types = async (script: string): Promise<string> =>
    typed(script.replaceAll("-- get", "-- get --allow-private-hosts"), folder);
  return { folder, origin, types };
}

it("README.md's list and URLs are downloaded", async () => {
  const { folder, origin, types } = await aReader();
  await writeFile(join(folder, "urls.txt"), `${origin.urlOf({ name: "listed.pdf", size: 3000 })}\n`);
  const urls = /https:\/\/example\.com\/(\w\.pdf)/g;
  await types(
    blockOf("README.md", "npm start -- get").replaceAll(
      urls,
      (_, name: string) => `'${origin.urlOf({ name, size: 2000 })}'`,
    ),
  );
  const results = (await readFile(join(folder, "downloads/results.jsonl"), "utf8")).trimEnd().split("\n");
  expect(results.map((line) => (JSON.parse(line) as { state: string }).state)).toEqual(["INDEXED", "INDEXED"]);
  expect(origin.requests.filter(({ method }) => method === "GET")).toHaveLength(3);
}, 120_000);

const hasJq = spawnSync("jq", ["--version"]).status === 0;
it.skipIf(!hasJq)(
  "docs/telemetry.md's command finds what failed of a download",
  async () => {
    const { origin, types } = await aReader();
    const gone = origin.urlOf({ name: "gone", size: 1, status: 404 });
    await expect(types(`npm start -- get '${gone}' --out downloads`)).rejects.toMatchObject({ code: 1 });
    const found = await types(blockOf("docs/telemetry.md", "jq"));
    expect(found.trimEnd().split("\n")).toHaveLength(1);
    expect(JSON.parse(found)).toMatchObject({ host: new URL(gone).host, reason: "http_404" });
  },
  120_000,
);

it("CONTRIBUTING.md's commands run one file, the tests of a title, and one kind", async () => {
  const [file = "", titled = "", kind = ""] = blockOf("CONTRIBUTING.md", "npx vitest").trimEnd().split("\n");
  expect(await typed(file, ROOT)).toMatch(/Test Files .*1 passed/);
  expect(await typed(titled.replace('"title"', '"content"'), ROOT)).toMatch(/Tests .*\d+ passed.*\d+ skipped/);
  // All of them take a minute, and run in CI anyway.
  const listed = await typed(kind.replace("vitest run", "vitest list --filesOnly"), ROOT);
  expect(listed).toContain("test/contract/adapters/ports/queue");
}, 120_000);
