import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { MUTANTS } from "./catalogue.ts";

const source = (file: string): string =>
  readFileSync(fileURLToPath(new URL(`../../../${file}`, import.meta.url)), "utf8");

it("the catalogue has at least 60 mutants with distinct names", () => {
  expect(MUTANTS.length).toBeGreaterThanOrEqual(60);
  expect(new Set(MUTANTS.map(({ what }) => what)).size).toBe(MUTANTS.length);
});

it.each(MUTANTS.map((mutant) => [mutant.what, mutant] as const))(
  "the mutant '%s' has a search text that occurs exactly once in its file, and changes it",
  (_what, mutant) => {
    expect(source(mutant.file).split(mutant.find)).toHaveLength(2);
    expect(mutant.put).not.toBe(mutant.find);
  },
);
