import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import { slimSdk, withPlainKeys } from "../../infra/bundling/slim-sdk.ts";
import { temporaryFolder } from "./synthesize.ts";

const folder = temporaryFolder();
const CLIENTS = ["client-dynamodb", "client-s3", "client-sqs", "client-eventbridge", "client-cloudwatch"];

/** The file of the client as an ES module: as it is, and as the bundles have it. */
async function moduleOf(client: string, file: string, slim: boolean): Promise<Readonly<Record<string, unknown>>> {
  const main = createRequire(import.meta.url).resolve(`@aws-sdk/${client}`);
  const outfile = path.join(folder, `${client}-${path.basename(file)}-${String(slim)}.mjs`);
  await build({
    entryPoints: [path.join(path.dirname(main), "../dist-es", file)],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    mainFields: ["module", "main"],
    plugins: slim ? [slimSdk] : [],
    metafile: true,
    banner: { js: 'import{createRequire}from"node:module";const require=createRequire(import.meta.url);' },
    logLevel: "silent",
  });
  return (await import(pathToFileURL(outfile).href)) as Readonly<Record<string, unknown>>;
}

/** With the functions in it as their text. */
const written = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) => (typeof part === "function" ? String(part) : part));

describe("the schemas in the bundles", () => {
  it.each(CLIENTS)("are those of %s", async (client) => {
    const theirs = await moduleOf(client, "index.js", false);
    const ours = await moduleOf(client, "index.js", true);
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
    await expect(made).rejects.toThrow(/client-s3 .*hashes in JavaScript .*endpoints of S3/s);
  });
});

describe("S3's endpoints in the bundles", () => {
  type Resolver = (parameters: object) => { readonly url: URL };
  const resolved = (resolver: unknown, parameters: object) => {
    try {
      const endpoint = (resolver as Resolver)(parameters);
      return { ...endpoint, url: endpoint.url.href };
    } catch (error) {
      if (error instanceof Error && /does not support FIPS|has no rule for/.test(error.message)) return "refused";
      throw error;
    }
  };
  const BUCKETS = ["fetchonce-content1a2b3c4d-5e6f7g8h9i0j", "abc", `a${"b".repeat(61)}c`];
  const REGIONS = [
    "us-east-1",
    "eu-central-1",
    "ap-southeast-7",
    "us-gov-west-1",
    "cn-north-1",
    "eusc-de-east-1",
    "us-iso-east-1",
    "us-isob-east-1",
    "eu-isoe-west-1",
    "us-isof-south-1",
    "mars-north-1",
  ];
  const DEFAULTS = { UseFIPS: false, UseDualStack: false, ForcePathStyle: false, Accelerate: false };
  const FLAGS = [
    {},
    { UseFIPS: true },
    { UseDualStack: true },
    { UseFIPS: true, UseDualStack: true },
    { ForcePathStyle: true },
    { ForcePathStyle: true, UseDualStack: true },
    { Endpoint: "http://127.0.0.1:9000", ForcePathStyle: true },
    { Endpoint: "https://emulator.example/base/", ForcePathStyle: true },
  ];

  it("are those of the SDK for every bucket in every region", async () => {
    const { defaultEndpointResolver: theirs } = await moduleOf("client-s3", "endpoint/endpointResolver.js", false);
    const { defaultEndpointResolver: ours } = await import("../../adapters/aws/left-out/s3-endpoints.ts");
    const asked = BUCKETS.flatMap((Bucket) =>
      REGIONS.flatMap((Region) => FLAGS.map((flags) => Object.assign({ Bucket, Region }, DEFAULTS, flags))),
    );
    const answersOf = (resolver: unknown) => asked.map((each) => ({ asked: each, answer: resolved(resolver, each) }));
    expect(answersOf(ours)).toEqual(answersOf(theirs));
    // China has no FIPS endpoints.
    const refused = answersOf(ours).filter(({ answer }) => answer === "refused");
    expect(new Set(refused.map(({ asked: { Region } }) => Region))).toEqual(new Set(["cn-north-1"]));
  });

  it.each([
    { Bucket: "Capitals" },
    { Bucket: "fetchonce--use1-az4--x-s3" },
    { Bucket: "arn:aws:s3:eu-central-1:123456789012:accesspoint/content" },
    { Bucket: "with.dots" },
    { Bucket: undefined },
    { Region: "aws-global" },
    { Region: "not a region" },
    { Accelerate: true },
    { UseGlobalEndpoint: true },
    { Endpoint: "http://127.0.0.1:9000" },
    { Endpoint: "http://127.0.0.1:9000", ForcePathStyle: true, UseFIPS: true },
  ])("refuse what they have no rule for: %o", async (changed) => {
    const { defaultEndpointResolver } = await import("../../adapters/aws/left-out/s3-endpoints.ts");
    const parameters = { Bucket: "abc", Region: "us-east-1", ...changed };
    expect(() => defaultEndpointResolver(parameters as never)).toThrow("has no rule for");
  });
});
