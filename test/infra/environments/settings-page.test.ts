import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { describedSettings, settingsMarkdown } from "../../../infra/docs/settings-page.ts";
import { DEFAULTS } from "../../../infra/environments/settings.ts";

const page = readFileSync("docs/settings.md", "utf8");

describe("docs/settings.md", () => {
  it("is what `npm run generate` makes of the sources", () => {
    expect(page).toBe(settingsMarkdown());
  });

  it("has each setting once, with its meaning", () => {
    const described = describedSettings();
    expect(described.flatMap(({ names }) => names).toSorted()).toEqual(Object.keys(DEFAULTS).toSorted());
    for (const { meaning } of described) expect(meaning).toMatch(/^\S.*\.$/);
  });

  it.each([
    ["workerTimeoutMs", /\| 120,000 \| .*In ms, 1,000 to 900,000\./],
    ["protectData", /\| `true`<br>`dev`: `false` \|/],
    ["contact", /\| none \|/],
    ["recordConcurrency", /\[adr\/0105-short-visibility-whole-batch-leased\.md\]\(adr\//],
  ])("says what is usual, what is usual in dev, and what is allowed: %s", (name, row) => {
    expect(page.split("\n").find((line) => line.startsWith(`| \`${name}\``))).toMatch(row);
  });
});
