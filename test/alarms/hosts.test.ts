/** The rules of prod's template, over the lines that the real worker writes to its log. */
import type { Context, SQSRecord } from "aws-lambda";
import { expect, inject, test } from "vitest";
import { measuredTelemetry } from "../../adapters/powertools/stdout-telemetry.ts";
import { RetryableError } from "../../core/model/errors.ts";
import { createHandler } from "../../lambdas/worker/create-handler.ts";
import { answer, fileOrigin, world, type Origin } from "../simulation/world.ts";
import { contributorsOf } from "./cloudwatch/insight-rule.ts";
import { insightRulesOf } from "./cloudwatch/template.ts";
import { PREFIX } from "./prove.ts";

const RULES = new Map([...insightRulesOf(inject("prodTemplate"))].map(([name, body]) => [name, contributorsOf(body)]));
const CONTEXT = { getRemainingTimeInMillis: () => 900_000, awsRequestId: "an-invocation" } as Context;
const JOBS_A_BATCH = 10;

type Line = Readonly<Record<string, unknown>>;

const recordOf = (host: string, n: number): SQSRecord =>
  ({
    messageId: `m${n}`,
    receiptHandle: `r${n}`,
    body: JSON.stringify({ work_id: "w", artifact_id: `a${n}`, url: `https://${host}/${n}` }),
    attributes: { ApproximateReceiveCount: "1", SentTimestamp: "0" },
  }) as SQSRecord;

/** The lines of one worker process that takes a batch for each of the hosts, in turn. */
async function linesOf(
  hosts: readonly string[],
  origin: Origin,
  sizes: readonly number[] = [],
): Promise<readonly Line[]> {
  const lines: Line[] = [];
  const telemetry = measuredTelemetry("prod", (written) =>
    lines.push(
      ...written
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as Line),
    ),
  );
  const w = world({
    settings: { hostRules: [["*", { connections: 1 }]] },
    wrap: (deps) => ({ ...deps, telemetry }),
  });
  w.serve(origin);
  const handler = createHandler(w.deps, JOBS_A_BATCH);
  for (const [batch, host] of hosts.entries()) {
    const jobs = Array.from({ length: sizes[batch] ?? JOBS_A_BATCH }, (_, n) =>
      recordOf(host, batch * JOBS_A_BATCH + n),
    );
    await handler({ Records: jobs }, CONTEXT);
    await w.clock.advance(1_000);
  }
  return lines;
}

/** What a rule reports: contributors and their values, the largest first. */
function reportOf(rule: string, lines: readonly Line[]): readonly (readonly [host: string, value: number])[] {
  const contributed = RULES.get(PREFIX + rule);
  if (!contributed) throw new Error(`The template has no rule ${rule}.`);
  const sums = new Map<string, number>();
  for (const line of lines) {
    const of = contributed(line);
    if (of) sums.set(of.contributor, (sums.get(of.contributor) ?? 0) + of.value);
  }
  return [...sums].toSorted(([, one], [, other]) => other - one);
}

const hostLines = (lines: readonly Line[]): readonly Line[] =>
  lines.filter((line) => ["waiting", "slowed", "failing"].some((field) => field in line));

test("jobs without a place count for the host that they wait for, and for no other rule", async () => {
  const lines = await linesOf(["one.example", "two.example"], fileOrigin(Buffer.from("a file")));
  const waits = JOBS_A_BATCH - 1;
  expect(reportOf("hosts-waiting", lines)).toEqual([
    ["one.example", waits],
    ["two.example", waits],
  ]);
  expect(reportOf("hosts-slowed", lines)).toEqual([]);
  expect(reportOf("hosts-failing", lines)).toEqual([]);
  expect(reportOf("failures-by-host", lines)).toEqual([]);
});

test("a batch writes one line for a host, whatever number of its jobs wait", async () => {
  const lines = hostLines(await linesOf(["one.example"], fileOrigin(Buffer.from("a file"))));
  expect(lines).toEqual([
    {
      level: "info",
      timestamp: expect.any(String),
      message: "A host had jobs wait, asked for less, or failed.",
      invocation_id: "an-invocation",
      host: "one.example",
      waiting: JOBS_A_BATCH - 1,
    },
  ]);
  // What ADR 0504 reckons with.
  expect(Buffer.byteLength(JSON.stringify({ ...lines[0], invocation_id: "0".repeat(36) }))).toBeLessThan(250);
});

test("a host that answers 429 is slowed, and so are the jobs that wait because of it", async () => {
  const busy = (): ReturnType<typeof answer> => answer({ status: 429, headers: { "retry-after": "600" } });
  const lines = await linesOf(["busy.example", "busy.example"], busy, [1, JOBS_A_BATCH]);
  // HEAD's answer, its job that does not ask again, and the ten jobs that the host's rest keeps away.
  expect(reportOf("hosts-slowed", lines)).toEqual([["busy.example", 2 + JOBS_A_BATCH]]);
  expect(reportOf("hosts-waiting", lines)).toEqual([["busy.example", 1 + JOBS_A_BATCH]]);
  expect(reportOf("hosts-failing", lines)).toEqual([]);
});

test("a host that does not answer fails, and so do the jobs that wait because it is down", async () => {
  const dead: Origin = async () => {
    throw new RetryableError("origin_timeout");
  };
  const lines = await linesOf(
    Array.from({ length: 8 }, () => "dead.example"),
    dead,
  );
  const [[host, failing] = ["", 0], ...others] = reportOf("hosts-failing", lines);
  expect([host, others]).toEqual(["dead.example", []]);
  // All jobs of the batches after the fifth failure.
  expect(failing).toBeGreaterThanOrEqual(3 * JOBS_A_BATCH);
  expect(reportOf("hosts-slowed", lines)).toEqual([]);
});

test("a job that failed for good counts in failures-by-host", async () => {
  const lines = await linesOf(["gone.example"], () => answer({ status: 404 }));
  expect(reportOf("failures-by-host", lines)).toEqual([["gone.example", 1]]);
});

test("what happened before does not count again", async () => {
  const lines = await linesOf(["one.example", "one.example", "one.example"], fileOrigin(Buffer.from("a file")));
  expect(reportOf("hosts-waiting", lines)).toEqual([["one.example", 3 * (JOBS_A_BATCH - 1)]]);
  expect(hostLines(lines)).toHaveLength(3);
});

test("the evaluator refuses what CloudWatch would refuse", () => {
  const [body = ""] = insightRulesOf(inject("prodTemplate")).values();
  const rule = JSON.parse(body) as { Contribution: { Filters: object[] } };
  const changed = (changes: object) => () => contributorsOf(JSON.stringify({ ...rule, ...changes }));
  expect(changed({})).not.toThrow();
  expect(changed({ AggregateOn: "Sum" })).toThrow("ValueOf");
  expect(changed({ Schema: { Name: "CloudWatchLogRule", Version: 2 } })).toThrow("Version");
  const [filter] = rule.Contribution.Filters;
  const five = { ...rule.Contribution, Filters: Array.from({ length: 5 }, () => filter) };
  expect(changed({ Contribution: five })).toThrow("Filters");
  expect(changed({ Contribution: { ...rule.Contribution, ValueOf: "$.waiting" } })).toThrow("ValueOf");
});
