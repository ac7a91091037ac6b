/** docs/origins.md says what the code does. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { MOST_URL_CHARACTERS } from "../../core/model/order.ts";
import { STATUS_RULES, type StatusRule } from "../../core/origin/statuses.ts";
import { ENVIRONMENTS } from "../../infra/environments/environments.ts";
import { CHOICES, USUAL_WEB } from "../../local/settings.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PAGE = readFileSync(new URL("../../docs/origins.md", import.meta.url), "utf8");

/** The rows of the table below the heading, without its own head. */
function tableOf(heading: string): readonly string[] {
  const [, section = ""] = PAGE.split(`## ${heading}\n`);
  const [text = ""] = section.split("\n## ");
  return text.split("\n").filter((line) => line.startsWith("| ") && !/^\| (status|header|what) \|/.test(line));
}

function nameOf({ from, to }: StatusRule): string {
  if (from === to) return String(from);
  if (from === 0) return "any other";
  return from % 100 === 0 ? `other ${from} to ${to}` : `${from} to ${to}`;
}

it("each status has its row, in the order in which the rules are tried", () => {
  const rows = STATUS_RULES.map((rule) => `| ${nameOf(rule)} | ${rule.verdict} | ${rule.why} | ${rule.source} |`);
  expect(tableOf("Statuses of GET")).toEqual(rows);
});

/** The names of headers in the code: those that are read by name, and those in its tables and in what it sends. */
function headersInCode(): ReadonlySet<string> {
  const sources = globSync(["core/{origin,transfer,worker}/**/*.ts", "adapters/http/*.ts"], { cwd: ROOT });
  const code = sources.map((path) => readFileSync(join(ROOT, path), "utf8")).join("\n");
  const read = [...code.matchAll(/headers\["([a-z0-9-]+)"\]|const \{ (date) \} = response\.headers/g)];
  return new Set(read.map(([, name, other]) => name ?? other ?? ""));
}

const headersOfPage = new Set(
  tableOf("Headers").flatMap((row) =>
    (row.split(" | ")[0]?.match(/`[^`]+`/g) ?? []).map((name) => name.slice(1, -1).toLowerCase()),
  ),
);

it("each header that the code reads has its row", () => {
  const read = headersInCode();
  expect(read.size).toBeGreaterThan(15);
  expect([...read].filter((name) => !headersOfPage.has(name))).toEqual([]);
});

it("each header of the page is one that the code knows", () => {
  const sources = globSync(["core/**/*.ts", "adapters/http/*.ts", "local/settings.ts"], { cwd: ROOT });
  const code = sources.map((path) => readFileSync(join(ROOT, path), "utf8")).join("\n");
  const known = (name: string): boolean =>
    code.includes(name.replace(/-\*$/, "-")) || code.includes(name.replace(/-(remaining|reset)$/, ""));
  expect([...headersOfPage].filter((name) => !known(name))).toEqual([]);
});

it("each limit is the one of the settings, of a laptop and of prod", () => {
  const limits = tableOf("Limits").join("\n");
  const rowOf = (setting: string): string => limits.split("\n").find((row) => row.includes(setting)) ?? "";
  const { prod } = ENVIRONMENTS;
  const seconds = (ms: number): string => `${ms / 1000} s`;
  expect(rowOf("URL")).toContain(MOST_URL_CHARACTERS.toLocaleString("en"));
  for (const [row, local, deployed] of [
    ["httpConnectTimeoutMs", seconds(USUAL_WEB.connectTimeoutMs), seconds(prod.httpConnectTimeoutMs)],
    ["within a body | 30", seconds(USUAL_WEB.timeoutMs), seconds(prod.httpIdleTimeoutMs)],
    ["mostRedirects", String(USUAL_WEB.mostRedirects), String(prod.mostRedirects)],
    ["longestWaitMs", `${USUAL_WEB.longestWaitMs / 3_600_000} h`, `${prod.longestWaitMs / 3_600_000} h`],
    [
      "leastBytesPerSecond",
      USUAL_WEB.leastBytesPerSecond.toLocaleString("en"),
      prod.leastBytesPerSecond.toLocaleString("en"),
    ],
    ["mostRanges", String(USUAL_WEB.mostRanges), String(prod.mostRanges)],
    ["maxAttempts", String(CHOICES.attempts.usual), String(prod.maxAttempts)],
  ] as const) {
    expect(`${row}: ${local}`).toBe(`${row}: ${deployed}`);
    expect(rowOf(row)).toContain(`| ${local} `);
  }
});
