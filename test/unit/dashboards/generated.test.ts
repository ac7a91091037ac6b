import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { GENERATED } from "../../../dashboards/generated.ts";

const ROOT = new URL("../../../", import.meta.url);

describe("generated files", () => {
  it.each(GENERATED)("$path is what `npm run generate` writes", async ({ path, render }) => {
    expect(await readFile(new URL(path, ROOT), "utf8")).toBe(render());
  });
});
