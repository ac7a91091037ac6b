import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const CHECKS_TAKE_MS = 60_000;

interface Outcome {
  readonly passed: boolean;
  readonly output: string;
}

/** Runs one of the checks of `npm run check` over a tree made for it. */
async function check(tool: string, args: readonly string[], files: Readonly<Record<string, string>>): Promise<Outcome> {
  const tree = await mkdtemp(join(tmpdir(), "rules-"));
  try {
    if (tool === "depcruise") await symlink(join(ROOT, "node_modules"), join(tree, "node_modules"));
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(tree, path)), { recursive: true });
      await writeFile(join(tree, path), text);
    }
    return await new Promise((resolve) => {
      execFile(join(ROOT, "node_modules/.bin", tool), args, { cwd: tree }, (error, stdout, stderr) =>
        resolve({ passed: error === null, output: stdout + stderr }),
      );
    });
  } finally {
    await rm(tree, { recursive: true, force: true });
  }
}

describe("who may import whom", () => {
  const imports = async (files: Readonly<Record<string, string>>) =>
    check("depcruise", ["--config", join(ROOT, ".dependency-cruiser.mjs"), "."], files);

  const VIOLATIONS = [
    ["core/a.ts", 'import "../adapters/x.ts";', "core-imports-nothing-of-ours"],
    ["core/b.ts", 'import "node:fs";', "core-imports-only-pure-packages"],
    ["core/c.ts", 'import "@aws-sdk/client-s3";', "core-imports-only-pure-packages"],
    ["core/d.ts", 'import "../test/x.ts";', "nobody-imports-test"],
    ["core/e.ts", 'import "./f.ts";', "no-cycles"],
    ["core/g.ts", 'import "./missing.ts";', "no-unresolvable"],
    ["adapters/a.ts", 'import "../lambdas/worker/env.ts";', "adapters-import-core"],
    ["lambdas/worker/a.ts", 'import "../reconciler/x.ts";', "lambdas-never-import-each-other"],
    ["lambdas/worker/b.ts", 'import "../../local/x.ts";', "lambdas-import-core-and-adapters"],
    ["lambdas/worker/c.ts", 'import "@aws-sdk/client-s3";', "aws-sdk-and-http-clients-live-in-adapters"],
    ["local/a.ts", 'import "../infra/x.ts";', "local-imports"],
    ["cli/a.ts", 'import "../infra/x.ts";', "cli-imports"],
    ["bench/a.ts", 'import "../cli/x.ts";', "bench-imports"],
    ["dashboards/a.ts", 'import "../adapters/x.ts";', "dashboards-import-core"],
    ["dashboards/catalogue/a.ts", 'import "aws-cdk-lib/core";', "catalogue-imports-core-alone"],
    ["dashboards/catalogue/b.ts", 'import "../x.ts";', "catalogue-imports-core-alone"],
    ["dashboards/catalogue/c.ts", 'import "node:fs";', "catalogue-imports-core-alone"],
    ["infra/a.ts", 'import "../adapters/x.ts";', "infra-imports"],
    ["infra/b.ts", 'import "../lambdas/worker/env.ts";', "infra-imports"],
    ["infra/c.ts", 'import type {} from "../lambdas/reconciler/x.ts";', "infra-takes-only-env-types-from-lambdas"],
  ] as const;
  const TARGETS = ["adapters", "test", "lambdas/reconciler", "local", "infra", "cli", "dashboards"].map(
    (folder) => `${folder}/x.ts`,
  );

  let planted: Outcome;
  beforeAll(async () => {
    planted = await imports({
      ...Object.fromEntries([...TARGETS, "lambdas/worker/env.ts"].map((path) => [path, "export const x = 1;\n"])),
      "core/f.ts": 'import "./e.ts";\n',
      ...Object.fromEntries(VIOLATIONS.map(([path, line]) => [path, `${line}\nexport const a = 1;\n`])),
    });
  }, CHECKS_TAKE_MS);

  it.each(VIOLATIONS)("%s: %s violates %s", (path, _line, rule) => {
    expect(planted.passed).toBe(false);
    expect(planted.output).toMatch(new RegExp(`${rule}: .*${path}`));
  });

  it(
    "a tree that keeps them passes",
    async () => {
      const { passed, output } = await imports({
        "core/a.ts": 'import { createHash } from "node:crypto";\nexport const a = createHash;\n',
        "adapters/b.ts": 'import { a } from "../core/a.ts";\nexport const b = a;\n',
        "lambdas/worker/env.ts": "export type Env = 1;\n",
        "dashboards/catalogue/a.ts": 'import { a } from "../../core/a.ts";\nexport const d = a;\n',
        "dashboards/e.ts": 'import { d } from "./catalogue/a.ts";\nexport const e = d;\n',
        "infra/c.ts": 'import type { Env } from "../lambdas/worker/env.ts";\nexport const c: Env = 1;\n',
      });
      expect(output).toContain("no dependency violations found");
      expect(passed).toBe(true);
    },
    CHECKS_TAKE_MS,
  );
});

describe("clock, randomness and I/O are injected", () => {
  const VIOLATIONS = [
    ["core/a.ts", "export const a = Date.now();"],
    ["core/b.ts", "export const a = Math.random();"],
    ["core/c.ts", "setTimeout(() => undefined, 1);"],
    ["core/d.ts", "setInterval(() => undefined, 1);"],
    ["core/e.ts", "export const a = performance.now();"],
    ["core/f.ts", 'console.log("a");'],
    ["lambdas/worker/a.ts", "export const a = Date.now();"],
    ["lambdas/worker/b.ts", 'export const a = fetch("https://example.com/");'],
  ] as const;

  let planted: Outcome;
  beforeAll(async () => {
    // The folders that a rule is for are counted from the configuration's own place.
    const rules = (await readFile(join(ROOT, ".oxlintrc.json"), "utf8")).replace(
      '"typeAware": true',
      '"typeAware": false',
    );
    const files = {
      ".oxlintrc.json": rules,
      ...Object.fromEntries(VIOLATIONS.map(([path, line]) => [path, `${line}\n`])),
    };
    planted = await check("oxlint", ["--format=unix", "."], files);
  }, CHECKS_TAKE_MS);

  it.each(VIOLATIONS)("%s: %s is a violation", (path) => {
    expect(planted.passed).toBe(false);
    expect(planted.output).toMatch(new RegExp(`${path}:.*no-restricted`));
  });
});
