import { execFileSync } from "node:child_process";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, inject, it } from "vitest";

const MOST_BYTES = 1_500_000;
const installed = join(inject("installed"), "node_modules/fetchonce");
const dist = join(installed, "dist");

it("the tarball holds dist and the pages that go with it, and is smaller than 1.5 MB", async () => {
  const paths = execFileSync("tar", ["-tzf", inject("tarball")], { encoding: "utf8" })
    .trim()
    .split("\n");
  const others = paths.filter((path) => !path.startsWith("package/dist/"));
  expect(others.sort()).toEqual(
    ["CHANGELOG.md", "LICENSE", "README.md", "package.json"].map((name) => `package/${name}`),
  );
  expect((await stat(inject("tarball"))).size).toBeLessThan(MOST_BYTES);
});

it("no other package is installed with it", async () => {
  expect(await readdir(join(inject("installed"), "node_modules"))).toEqual([".bin", ".package-lock.json", "fetchonce"]);
});

it("its programs hold no AWS SDK and no CDK, and notices for every package whose code they hold", async () => {
  const names = await readdir(dist);
  const maps = await Promise.all(
    names.filter((name) => name.endsWith(".map")).map(async (name) => readFile(join(dist, name), "utf8")),
  );
  const sources = maps.flatMap((text) => (JSON.parse(text) as { readonly sources: readonly string[] }).sources);
  const packages = new Set(sources.flatMap((path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []));
  expect([...packages]).toContain("commander");
  expect([...packages].filter((name) => /^(@aws-sdk|@smithy|aws-cdk|constructs)/.test(name))).toEqual([]);
  const notices = await readFile(join(dist, "THIRD-PARTY-NOTICES.txt"), "utf8");
  for (const name of [...packages, "uplot"]) expect(notices).toMatch(new RegExp(`^${name} \\d`, "m"));
});
