import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { PassThrough } from "node:stream";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { awsAccount } from "../../../adapters/aws/account.ts";
import { findingsOf } from "../../../cli/preflight/findings.ts";
import { invocationsIn } from "../../../cli/preflight/limits.ts";
import { runPreflight } from "../../../cli/preflight/run.ts";
import { ENVIRONMENTS } from "../../../infra/environments/environments.ts";

/** What the stub of AWS answers. `undefined`: it answers with an error. */
let quota: number | undefined;
let bootstrap: "there" | "missing" | undefined;
let stub: Server;

beforeEach(async () => {
  [quota, bootstrap] = [1000, "there"];
  stub = createServer((request, response) => {
    const answer = (status: number, body: object): unknown =>
      response.writeHead(status, { "content-type": "application/x-amz-json-1.1" }).end(JSON.stringify(body));
    const refusal = { __type: "AccessDeniedException", message: "not you" };
    if (request.url?.endsWith("/account-settings")) {
      if (quota === undefined) answer(403, refusal);
      else answer(200, { AccountLimit: { ConcurrentExecutions: quota } });
    } else if (bootstrap === undefined) answer(403, refusal);
    else if (bootstrap === "missing") answer(400, { __type: "ParameterNotFound", message: "" });
    else answer(200, { Parameter: { Value: "27" } });
  }).listen(0, "127.0.0.1");
  await once(stub, "listening");
  vi.stubEnv("AWS_ENDPOINT_URL", `http://127.0.0.1:${(stub.address() as AddressInfo).port}`);
  vi.stubEnv("AWS_REGION", "eu-central-1");
  vi.stubEnv("AWS_ACCESS_KEY_ID", "id");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "secret");
});
afterEach(() => {
  vi.unstubAllEnvs();
  stub.close();
});

async function preflight(...argv: readonly string[]): Promise<{ code: number; said: string }> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const code = await runPreflight(argv, { stdout, stderr, connect: awsAccount });
  return { code, said: `${stdout.read() ?? ""}${stderr.read() ?? ""}` };
}

describe("npm run preflight", () => {
  it("says what is to be set and asked for before prod is deployed into a new account, and exits with 1", async () => {
    [quota, bootstrap] = [10, "missing"];
    const { code, said } = await preflight("-c", "env=prod");
    expect(code).toBe(1);
    expect(said.match(/^TO DO .*/gm)).toEqual([
      "TO DO    The CDK is not bootstrapped in eu-central-1. Run npx cdk bootstrap aws://<account>/eu-central-1 with the -c options of this command.",
      expect.stringMatching(
        /may run 10 Lambda executions at once, and this deployment may use 264\. Ask Service Quotas/,
      ),
      expect.stringContaining("Nobody is paged."),
      expect.stringContaining("The alarms' runbooks are no links."),
    ]);
    expect(said).toContain("EventBridge makes 4500 invocations a second in eu-central-1");
    expect(said).toContain("A new table takes 500 jobs a second at once.");
  });

  it.each([
    { announcements: "single" as const, said: ["as many stored files a second are announced without delay."] },
    { announcements: "batched" as const, said: ["of about a hundred stored files each, are sent without delay."] },
    { announcements: "none" as const, said: [] },
  ])("counts what EventBridge announces if announcements are $announcements", async ({ announcements, said }) => {
    const findings = await findingsOf({ ...ENVIRONMENTS.dev, announcements }, awsAccount());
    const texts = findings.map(({ text }) => text).filter((text) => text.includes("EventBridge"));
    expect(texts).toEqual(said.map((text) => expect.stringContaining(text)));
  });

  it("exits with 0 for dev in a bootstrapped account with a quota of 1,000", async () => {
    const { code, said } = await preflight("-c", "env=dev");
    expect({ code, todo: said.match(/^(TO DO|unknown) .*/gm) }).toEqual({ code: 0, todo: null });
    expect(said).toContain("this deployment may use 22.");
  });

  it("says what it could not look at, and why, if AWS refuses or there are no credentials", async () => {
    [quota, bootstrap] = [undefined, undefined];
    const { code, said } = await preflight("-c", "env=dev");
    expect(code).toBe(0);
    expect(said.match(/^unknown .*/gm)).toEqual([
      "unknown  Could not look at whether the CDK is bootstrapped (AccessDeniedException: not you).",
      "unknown  Could not look at the quota of concurrent executions (AccessDeniedException: not you).",
    ]);
    for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]) vi.stubEnv(name, undefined);
    vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
    vi.stubEnv("HOME", "/nonexistent");
    const without = await preflight("-c", "env=dev");
    expect(without.said.match(/^unknown .*CredentialsProviderError/gm)).toHaveLength(2);
  });

  it("asks for a region if none is set", async () => {
    vi.stubEnv("AWS_REGION", undefined);
    vi.stubEnv("HOME", "/nonexistent");
    const { code, said } = await preflight("-c", "env=dev");
    expect(code).toBe(1);
    expect(said).toContain("TO DO    No region is set. Set AWS_REGION");
  });

  it.each([["-c", "env=prodd"], ["-c", "prodd"], ["-c", "region=x"], ["--environment"], []])(
    "exits with 2 for %s %s",
    async (...argv) => {
      expect((await preflight(...argv)).code).toBe(2);
    },
  );

  it("has a help text", async () => {
    expect((await preflight("--help")).said).toContain("Usage: preflight");
  });
});

it("preflight finds nothing to do in prod once its people, its runbooks and its load are written down", async () => {
  const { monitoring } = ENVIRONMENTS.prod;
  if (!monitoring) throw new Error("prod is not monitored.");
  const told = { emails: ["on-call@example.com"], httpsUrls: [] };
  const set = {
    ...ENVIRONMENTS.prod,
    warmJobsASecond: 2000,
    monitoring: { ...monitoring, tells: { page: told, ticket: told }, runbookBaseUrl: "https://wiki.example.com" },
  };
  const found = await findingsOf(set, awsAccount());
  expect(found.map(({ kind }) => kind)).toEqual(found.map(() => "ok"));
  expect(found.map(({ text }) => text).join("\n")).toContain("A new table takes 2000 jobs a second at once.");
});

it("preflight counts ten invocations for each provisioned poller, and asks for what the table's quota lacks", async () => {
  const pollers = { workerConcurrency: undefined, provisionedPollers: { minimum: 2, maximum: 120 } };
  const found = await findingsOf({ ...ENVIRONMENTS.prod, ...pollers, warmJobsASecond: 10_000 }, awsAccount());
  const said = found.flatMap(({ kind, text }) => (kind === "todo" ? [text] : [])).join("\n");
  expect(said).toContain("this deployment may use 1364. Ask Service Quotas");
  expect(said).toContain(
    "or lower provisionedPollers.maximum or urgentWorkerConcurrency or longWorkerConcurrency in infra/environments/environments.ts.",
  );
  expect(said).toMatch(/warmJobsASecond is 10000, .*: 40000 write units .* Ask Service Quotas for 80000 /);
});

it("preflight has the same EventBridge quotas as docs/deploying.md", () => {
  const page = readFileSync(new URL("../../../docs/deploying.md", import.meta.url), "utf8");
  const rows = [...page.matchAll(/^\| (`[a-z]+-[a-z]+-\d`.*?|every other region) \| ([\d,]+) \|/gm)];
  expect(rows).toHaveLength(5);
  for (const [, regions = "", invocations = ""] of rows)
    for (const region of regions.match(/[a-z]+-[a-z]+-\d/g) ?? ["sa-east-1"])
      expect({ region, invocations: invocationsIn(region) }).toEqual({
        region,
        invocations: Number(invocations.replace(",", "")),
      });
});
