import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { MUTANTS } from "./catalogue.ts";

const source = (file: string): string =>
  readFileSync(fileURLToPath(new URL(`../../../${file}`, import.meta.url)), "utf8");

it("there are at least 60 ways to break the protocol, each told apart", () => {
  expect(MUTANTS.length).toBeGreaterThanOrEqual(60);
  expect(new Set(MUTANTS.map(({ what }) => what)).size).toBe(MUTANTS.length);
});

it.each(MUTANTS.map((mutant) => [mutant.what, mutant] as const))(
  "%s: still is a change of its file",
  (_what, mutant) => {
    expect(source(mutant.file).split(mutant.find)).toHaveLength(2);
    expect(mutant.put).not.toBe(mutant.find);
  },
);
