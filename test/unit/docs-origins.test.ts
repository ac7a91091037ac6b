/** docs/origins.md says what the code does. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { STATUS_RULES, type StatusRule } from "../../core/origin/statuses.ts";

const PAGE = readFileSync(new URL("../../docs/origins.md", import.meta.url), "utf8");

/** The rows of the table below the heading, without its own head. */
function tableOf(heading: string): readonly string[] {
  const [, section = ""] = PAGE.split(`## ${heading}\n`);
  const [text = ""] = section.split("\n## ");
  return text.split("\n").filter((line) => line.startsWith("| ") && !line.startsWith("| status "));
}

function nameOf({ from, to }: StatusRule): string {
  if (from === to) return String(from);
  return from === 0 ? "any other" : `other ${from} to ${to}`;
}

it("each status has its row, in the order in which the rules are tried", () => {
  const rows = STATUS_RULES.map((rule) => `| ${nameOf(rule)} | ${rule.verdict} | ${rule.why} | ${rule.source} |`);
  expect(tableOf("Statuses of GET")).toEqual(rows);
});
