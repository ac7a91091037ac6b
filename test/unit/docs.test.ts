import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { ENVIRONMENTS } from "../../infra/environments/environments.ts";
import { reconcilerEnv } from "../../lambdas/reconciler/env.ts";
import { workerEnv } from "../../lambdas/worker/env.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PAGES = globSync(["*.md", "docs/**/*.md"], { cwd: ROOT });
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

describe.each(PAGES)("%s", (path) => {
  const page = read(path);

  it("names only commands that there are", () => {
    const scripts = Object.keys(packageJson.scripts);
    const named = [...page.matchAll(/npm (?:run ([a-z:-]+)|(test|start))/g)].map(
      ([, run, plain]) => run ?? plain ?? "",
    );
    expect(named.filter((script) => !scripts.includes(script))).toEqual([]);
  });
});

it("the handbook's settings are the functions' own, with the values of prod", () => {
  const rows = [...read("AGENTS.md").matchAll(/^\| `([A-Z_]+)` \| ([^|]+) \|/gm)];
  expect(rows.length).toBeGreaterThan(5);
  const known = Object.keys({ ...workerEnv.shape, ...reconcilerEnv.shape });
  for (const [, name = "", value = ""] of rows) {
    expect(known).toContain(name);
    const property = name.toLowerCase().replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());
    const set = String((ENVIRONMENTS.prod as unknown as Record<string, string | number | boolean>)[property]);
    expect(value.trim()).toBe(set === "" ? "(all)" : set);
  }
});

it("no two decisions have the same number", () => {
  const numbers = PAGES.filter((path) => path.startsWith("docs/adr/")).map((path) => /\d{4}/.exec(path)?.[0]);
  expect(new Set(numbers).size).toBe(numbers.length);
});
