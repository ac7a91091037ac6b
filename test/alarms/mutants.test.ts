/** Every alarm, wrong in every way of the catalogue. `npm run test:long` tries more random tapes on what is argued. */
import { expect, inject, test } from "vitest";
import { allArguments } from "./equivalents.ts";
import { EXPECTED } from "./expected.ts";
import { judged } from "./judge-mutants.ts";

const template = inject("prodTemplate");
const used = new Set<string>();
let noticed = 0;

test.each(EXPECTED)("$id: each change is noticed, or argued to be none", (expected) => {
  const judgement = judged(expected, template, 1);
  expect([judgement.missed, judgement.refuted]).toEqual([[], []]);
  noticed += judgement.noticed;
  for (const why of Object.keys(judgement.equivalent)) used.add(why);
});

test("thousands are noticed, and no argument is there for nothing", () => {
  expect(noticed).toBeGreaterThan(3500);
  expect([...used].sort()).toEqual([...new Set(allArguments)].sort());
});
