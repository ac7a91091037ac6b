/** Every alarm with every change of `mutants.ts`. `npm run test:long` tries the arguments on more random tapes. */
import { expect, inject, test } from "vitest";
import { allArguments } from "./equivalents.ts";
import { EXPECTED } from "./expected.ts";
import { judged } from "./judge-mutants.ts";

const template = inject("prodTemplate");
const used = new Set<string>();
let noticed = 0;

test.each(EXPECTED)("$id: each mutant is noticed, or argued to make no difference and not refuted", (expected) => {
  const judgement = judged(expected, template, 1);
  expect([judgement.missed, judgement.refuted]).toEqual([[], []]);
  noticed += judgement.noticed;
  for (const why of Object.keys(judgement.equivalent)) used.add(why);
});

test("more than 3,000 mutants are noticed, and every argument for equivalence is used", () => {
  expect(noticed).toBeGreaterThan(3000);
  expect([...used].sort()).toEqual([...new Set(allArguments)].sort());
});
