import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { ENVIRONMENTS } from "../../infra/environments/environments.ts";
import { reconcilerEnv } from "../../lambdas/reconciler/env.ts";
import { workerEnv } from "../../lambdas/worker/env.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PAGES = globSync(["*.md", "docs/**/*.md"], { cwd: ROOT });
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

const anchorsOf = (page: string): readonly string[] =>
  [...page.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} -]/gu, "")
      .replaceAll(" ", "-"),
  );

describe.each(PAGES)("%s", (path) => {
  const page = read(path);

  it("links only to what is there", () => {
    const broken = [...page.matchAll(/\]\(([^)#\s]*)(?:#([^)\s]+))?\)/g)].filter(([, file = "", anchor]) => {
      if (/^https?:/.test(file)) return false;
      const target = file === "" ? path : join(dirname(path), file);
      if (!existsSync(join(ROOT, target))) return true;
      return anchor !== undefined && !anchorsOf(read(target)).includes(anchor);
    });
    expect(broken.map(([link]) => link)).toEqual([]);
  });

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

it("every decision has a number of its own", () => {
  const numbers = PAGES.filter((path) => path.startsWith("docs/adr/")).map((path) => /\d{4}/.exec(path)?.[0]);
  expect(new Set(numbers).size).toBe(numbers.length);
});
