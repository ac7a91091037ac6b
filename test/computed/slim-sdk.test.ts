import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import { slimSdk, withPlainKeys } from "../../infra/bundling/slim-sdk.ts";
import { temporaryFolder } from "../infra/synthesize.ts";
import { moduleOf } from "../infra/bundling/sdk-module.ts";

const folder = temporaryFolder();
const CLIENTS = ["client-dynamodb", "client-s3", "client-sqs", "client-eventbridge", "client-cloudwatch"];

/** With the functions in it as their text. */
const written = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) => (typeof part === "function" ? String(part) : part));

describe("the schemas in the bundles", () => {
  it.each(CLIENTS)("are those of %s", async (client) => {
    const theirs = await moduleOf(folder, client, "index.js", false);
    const ours = await moduleOf(folder, client, "index.js", true);
    const schemas = Object.keys(theirs).filter((name) => name.endsWith("$"));
    expect(schemas.length).toBeGreaterThan(20);
    expect(schemas.filter((name) => written(ours[name]) !== written(theirs[name]))).toEqual([]);
  });

  it.each([
    ["a key that is no constant", 'const _a = "a";\nexport var A$ = { [_a]: 1, [_b]: 2 };', "[_b] is no constant"],
    ["a key that is a number", "const _a = 1;\nexport var A$ = { [_a]: 1 };", "[_a] is no constant"],
    ["the key __proto__", 'const _a = "__proto__";\nexport var A$ = { [_a]: 1 };', "[_a] is no constant"],
    ["no such key", 'export var A$ = { "a": 1 };', "have no key of the form"],
  ])("are refused with %s", (_, schemas, message) => {
    expect(() => withPlainKeys(schemas)).toThrow(message);
  });
});

describe("a bundle of an SDK with its files elsewhere", () => {
  it("is not made", async () => {
    const client = path.join(folder, "node_modules/@aws-sdk/client-s3");
    mkdirSync(path.join(client, "dist-es"), { recursive: true });
    writeFileSync(path.join(client, "dist-es/index.js"), "export {};");
    const entry = path.join(client, "dist-es/index.js");
    const made = build({
      entryPoints: [entry],
      bundle: true,
      write: false,
      metafile: true,
      plugins: [slimSdk],
      logLevel: "silent",
    });
    await expect(made).rejects.toThrow(/client-s3 .*hashes in JavaScript .*endpoints of @aws-sdk\/client-s3/s);
  });
});
