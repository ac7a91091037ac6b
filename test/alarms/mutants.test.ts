import { expect, inject, test } from "vitest";
import { EXPECTED } from "./expected.ts";
import { mutantsOf } from "./mutants.ts";
import { misdirected, proofOf } from "./prove.ts";
import { writeFileSync } from "node:fs";

const template = inject("prodTemplate");
const survivors: string[] = [];
let n = 0;
test.each(EXPECTED)("$id", (expected) => {
  const proof = proofOf(expected, template);
  for (const mutant of mutantsOf(expected, template)) {
    n++;
    let noticed: string | undefined;
    try {
      noticed = misdirected(expected, mutant.template) ?? proof.difference(mutant.template);
    } catch (error) {
      noticed = String(error);
    }
    if (noticed === undefined) survivors.push(`${mutant.alarm}\t${mutant.change}`);
  }
});
test("count", () => {
  writeFileSync("/tmp/wc-survivors.txt", survivors.join("\n"));
  console.log(n, survivors.length);
  expect(true).toBe(true);
});
