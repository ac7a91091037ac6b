import { execFileSync } from "node:child_process";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, inject, it } from "vitest";

const MOST_BYTES = 3_000_000;
const installed = join(inject("installed"), "node_modules/fetchonce");
const dist = join(installed, "dist");

it("the tarball holds dist and the pages that go with it, and is smaller than 3 MB", async () => {
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

/** The packages whose code these files of dist/ hold. */
async function packagesIn(names: readonly string[]): Promise<ReadonlySet<string>> {
  const maps = await Promise.all(names.map(async (name) => readFile(join(dist, `${name}.map`), "utf8")));
  const sources = maps.flatMap((text) => (JSON.parse(text) as { readonly sources: readonly string[] }).sources);
  return new Set(sources.flatMap((path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []));
}

/** The files that a file of dist/ loads at once, and not only when they are used. */
async function loadedWith(name: string, loaded: Set<string> = new Set()): Promise<ReadonlySet<string>> {
  if (loaded.has(name)) return loaded;
  loaded.add(name);
  const code = await readFile(join(dist, name), "utf8");
  for (const [, other = ""] of code.matchAll(/(?:\bfrom|^import|;import)"\.\/([^"]+\.js)"/gm))
    await loadedWith(other, loaded);
  return loaded;
}

const programs = async (): Promise<readonly string[]> =>
  (await readdir(dist)).filter((name) => name.endsWith(".js") && !name.startsWith("."));

it("its programs hold no CDK, and notices for every package whose code they hold", async () => {
  const packages = await packagesIn(await programs());
  expect([...packages]).toEqual(expect.arrayContaining(["commander", "@aws-sdk/client-cloudformation"]));
  expect([...packages].filter((name) => /^(aws-cdk|constructs)/.test(name))).toEqual([]);
  const notices = await readFile(join(dist, "THIRD-PARTY-NOTICES.txt"), "utf8");
  for (const name of [...packages, "uplot"]) expect(notices).toMatch(new RegExp(`^${name} \\d`, "m"));
});

it("`get`, its workers and the library load no AWS SDK: it is for the operators' commands", async () => {
  // main.js loads what follows it by an import() of its own, after it has set up the process.
  const [run = ""] = /(?<=import\("\.\/)run-[^"]+\.js/.exec(await readFile(join(dist, "main.js"), "utf8")) ?? [];
  for (const name of ["main.js", run, "worker.js", "library.js"]) {
    const loaded = await loadedWith(name);
    const packages = await packagesIn([...loaded]);
    expect([...packages].filter((each) => /^@(aws-sdk|smithy|aws-crypto)/.test(each))).toEqual([]);
  }
  expect([...(await packagesIn([...(await loadedWith(run))]))]).toContain("commander");
});
