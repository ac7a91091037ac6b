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
    ["core/model/a.ts", 'import "../../adapters/x.ts";', "core-imports-nothing-of-ours"],
    ["core/model/b.ts", 'import "node:fs";', "core-imports-only-pure-packages"],
    ["core/model/c.ts", 'import "@aws-sdk/client-s3";', "core-imports-only-pure-packages"],
    ["core/model/d.ts", 'import "../../test/x.ts";', "nobody-imports-test"],
    ["core/model/e.ts", 'import "./f.ts";', "no-cycles"],
    ["core/model/g.ts", 'import "./missing.ts";', "no-unresolvable"],
    ["core/model/h.ts", 'import "../ports/x.ts";', "core-model-imports-downward"],
    ["core/telemetry/a.ts", 'import "../ports/x.ts";', "core-telemetry-imports-downward"],
    ["core/ports/a.ts", 'import "../gate/x.ts";', "core-ports-imports-downward"],
    ["core/gate/a.ts", 'import "../worker/x.ts";', "core-gate-imports-downward"],
    ["core/transfer/a.ts", 'import "../worker/x.ts";', "core-transfer-imports-downward"],
    ["core/worker/a.ts", 'import "../recovery/x.ts";', "core-worker-imports-downward"],
    ["core/recovery/a.ts", 'import "../worker/x.ts";', "core-recovery-imports-downward"],
    ["core/stream/a.ts", 'import "../recovery/x.ts";', "core-stream-imports-downward"],
    ["adapters/c.ts", 'import "../core/x.ts";', "every-file-of-core-has-a-room"],
    ["core/worker/b.ts", 'import "../transfer/x.ts";', "transfers-are-entered-by-their-interface"],
    ["adapters/a.ts", 'import "../lambdas/worker/env.ts";', "adapters-import-core"],
    ["lambdas/worker/a.ts", 'import "../reconciler/x.ts";', "lambdas-never-import-each-other"],
    ["lambdas/worker/b.ts", 'import "../../local/x.ts";', "lambdas-import-core-and-adapters"],
    ["lambdas/worker/c.ts", 'import "@aws-sdk/client-s3";', "aws-sdk-and-http-clients-live-in-adapters"],
    ["local/a.ts", 'import "../infra/x.ts";', "local-imports"],
    ["local/b.ts", 'import "../test/embedded-aws/x.ts";', "local-imports"],
    ["cli/a.ts", 'import "../infra/x.ts";', "cli-imports"],
    ["cli/b.ts", 'import "../test/embedded-aws/x.ts";', "nobody-imports-test"],
    ["package/a.ts", 'import "../lambdas/reconciler/x.ts";', "package-imports"],
    ["cli/c.ts", 'import "../package/x.ts";', "cli-imports"],
    ["bench/a.ts", 'import "../cli/x.ts";', "bench-imports"],
    ["bench/b.ts", 'import "../test/x.ts";', "bench-imports"],
    ["adapters/b.ts", 'import "../test/embedded-aws/x.ts";', "nobody-imports-test"],
    ["test/embedded-aws/a.ts", 'import "../x.ts";', "embedded-aws-imports"],
    ["test/embedded-aws/b.ts", 'import "../../cli/x.ts";', "embedded-aws-imports"],
    ["test/embedded-aws/c.ts", 'import "../../lambdas/reconciler/x.ts";', "embedded-aws-imports"],
    ["dashboards/a.ts", 'import "../adapters/x.ts";', "dashboards-import-core"],
    ["dashboards/catalogue/a.ts", 'import "aws-cdk-lib/core";', "catalogue-imports-core-alone"],
    ["dashboards/catalogue/b.ts", 'import "../x.ts";', "catalogue-imports-core-alone"],
    ["dashboards/catalogue/c.ts", 'import "node:fs";', "catalogue-imports-core-alone"],
    ["dashboards/b.ts", 'import "@grafana/grafana-foundation-sdk/stat";', "grafanas-sdk-makes-dashboards-alone"],
    ["infra/d.ts", 'import "../dashboards/grafana/x.ts";', "grafana-dashboards-are-only-generated"],
    ["infra/a.ts", 'import "../adapters/x.ts";', "infra-imports"],
    ["infra/b.ts", 'import "../lambdas/worker/env.ts";', "infra-imports"],
    ["infra/c.ts", 'import type {} from "../lambdas/reconciler/x.ts";', "infra-takes-only-env-types-from-lambdas"],
  ] as const;
  const ROOMS = ["model", "ports", "gate", "transfer", "worker", "recovery"].map((room) => `core/${room}`);
  const TARGETS = [
    "core",
    ...ROOMS,
    "adapters",
    "test",
    "test/embedded-aws",
    "lambdas/reconciler",
    "local",
    "infra",
    "cli",
    "package",
    "dashboards",
    "dashboards/grafana",
  ].map((folder) => `${folder}/x.ts`);

  let planted: Outcome;
  beforeAll(async () => {
    planted = await imports({
      ...Object.fromEntries([...TARGETS, "lambdas/worker/env.ts"].map((path) => [path, "export const x = 1;\n"])),
      "core/model/f.ts": 'import "./e.ts";\n',
      "cli/shop/a.ts": 'import "../stall/a.ts";\n',
      "cli/stall/b.ts": 'import "../shop/b.ts";\n',
      "cli/shop/b.ts": "export const b = 1;\n",
      "cli/stall/a.ts": "export const a = 1;\n",
      "test/embedded-aws/shop/a.ts": 'import "../stall/a.ts";\n',
      "test/embedded-aws/stall/b.ts": 'import "../shop/b.ts";\n',
      "test/embedded-aws/shop/b.ts": "export const b = 1;\n",
      "test/embedded-aws/stall/a.ts": "export const a = 1;\n",
      ...Object.fromEntries(VIOLATIONS.map(([path, line]) => [path, `${line}\nexport const a = 1;\n`])),
    });
  }, CHECKS_TAKE_MS);

  it.each(VIOLATIONS)("%s: %s violates %s", (path, _line, rule) => {
    expect(planted.passed).toBe(false);
    expect(planted.output).toMatch(new RegExp(`${rule}: .*${path}`));
  });

  it("two folders that import each other are a cycle, even where no two files do", () => {
    expect(planted.output).toMatch(/no-cycles-between-folders: cli\/(shop|stall)/);
    expect(planted.output).toMatch(/no-cycles-between-folders: test\/embedded-aws\/(shop|stall)/);
  });

  it(
    "a tree that keeps them passes",
    async () => {
      const { passed, output } = await imports({
        "core/model/a.ts": 'import { createHash } from "node:crypto";\nexport const a = createHash;\n',
        "adapters/b.ts": 'import { a } from "../core/model/a.ts";\nexport const b = a;\n',
        "lambdas/worker/env.ts": "export type Env = 1;\n",
        "dashboards/catalogue/a.ts": 'import { a } from "../../core/model/a.ts";\nexport const d = a;\n',
        "dashboards/e.ts": 'import { d } from "./catalogue/a.ts";\nexport const e = d;\n',
        "infra/c.ts": 'import type { Env } from "../lambdas/worker/env.ts";\nexport const c: Env = 1;\n',
        "local/shared/a.ts": "export const a = 1;\n",
        "test/embedded-aws/a.ts": 'import { a } from "../../local/shared/a.ts";\nexport const f = a;\n',
        "bench/a.ts": 'import { f } from "../test/embedded-aws/a.ts";\nexport const g = f;\n',
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
