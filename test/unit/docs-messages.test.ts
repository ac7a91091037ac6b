/** docs/messages.md says what the code does. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { jobIdOf, type JobIdentity } from "../../core/model/keys.ts";
import { MESSAGE_FIELDS } from "../../core/model/message.ts";

const PAGE = readFileSync(new URL("../../docs/messages.md", import.meta.url), "utf8");

it("each field of a message has its row", () => {
  const rows = [...PAGE.matchAll(/^\| (`[^|{]+`) \|/gm)].flatMap(([, names = ""]) => names.match(/[a-z0-9_]+/g) ?? []);
  expect(rows.toSorted()).toEqual([...MESSAGE_FIELDS].sort());
});

it("each example of a key is right", () => {
  const examples = [...PAGE.matchAll(/^\| `(\{.*\})` \| `([0-9a-f]{32})` \|$/gm)];
  expect(examples.length).toBeGreaterThanOrEqual(5);
  for (const [, message = "", id] of examples) expect(jobIdOf(JSON.parse(message) as JobIdentity)).toBe(id);
});
