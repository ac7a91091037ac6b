/** How many requests an artifact costs, counted where they arrive. docs/architecture.md states the budget. */
import { expect, it } from "vitest";
import { DOCUMENT_FRESH_MS } from "../../core/document/document-reader.ts";
import type { OriginFile } from "../../local/origin/file.ts";
import { costsOfDelivering, DOCUMENTS, isRead } from "./request-costs.ts";
import { KIB, startRun, startSurroundings, until, type Run } from "./support.ts";

const ARTIFACTS = 50;
const BATCH_SIZE = 10;
const A_LONG_TIME_MS = 3_600_000;
const artifacts = Array.from({ length: ARTIFACTS }, (_, index): OriginFile => ({
  name: `artifact-${index}`,
  size: KIB + index,
  type: "text/plain",
}));

/** One worker, and a reconciler whose only run is over. */
async function startCounted(workerEnv: Readonly<Record<string, string>>): Promise<Run> {
  const run = await startRun({
    ...(await startSurroundings()),
    workers: 1,
    batchSize: BATCH_SIZE,
    reconcileEveryMs: A_LONG_TIME_MS,
    // On a busy machine deliveries would take so long that the worker takes further messages beside them.
    workerEnv: { LEASE_TTL_MS: "60000", HELD_BATCH_TAKES_MORE: "false", ...workerEnv },
  });
  await until("the reconciler's only run is over", async () =>
    run.seen.requests.some(({ operation }) => operation === "ListMultipartUploads") ? undefined : "no listing yet",
  );
  return run;
}

it("a first delivery costs at most 3 write units, 1 PUT and 2 HTTP requests; a second, 1 write unit", async () => {
  const run = await startCounted({});

  const startedMs = Date.now();
  const first = await costsOfDelivering(run, artifacts);
  const records = await run.records(artifacts.map((file) => run.idOf(file)));
  expect([...records.values()].filter(({ state }) => state === "INDEXED")).toHaveLength(ARTIFACTS);
  const second = await costsOfDelivering(run, artifacts);
  console.info(`budgets, an artifact: first ${JSON.stringify(first)} second ${JSON.stringify(second)}`);

  expect(first.writeUnits).toBeLessThanOrEqual(3);
  expect(first).toMatchObject({ reads: 0, puts: 1, s3Reads: 0, deletes: 0, http: 2 });
  expect(first.sqs).toBeLessThanOrEqual(0.3);
  expect(second.writeUnits).toBeLessThanOrEqual(1);
  expect(second).toMatchObject({ reads: 0, puts: 0, s3Reads: 0, deletes: 0, http: 0 });
  expect(second.sqs).toBeLessThanOrEqual(0.3);

  const mostReads = 1 + (Date.now() - startedMs) / DOCUMENT_FRESH_MS;
  for (const document of DOCUMENTS) {
    const reads = run.seen.requests.filter((request) => isRead(request) && request.key === document).length;
    expect(reads).toBeGreaterThan(0);
    // One worker reads it once per DOCUMENT_FRESH_MS, whatever else it does.
    expect(reads).toBeLessThanOrEqual(mostReads);
  }
});

it("a message without a group that waited is sent once more, and its job is done once", async () => {
  // Each message is older than that when it comes. The embedded queue tells no groups.
  const run = await startCounted({ REGROUP_AFTER_MS: "1" });
  const costs = await costsOfDelivering(run, artifacts);
  console.info(`budgets, sent again: ${JSON.stringify(costs)}`);
  expect(costs).toMatchObject({ puts: 1, http: 2 });
  expect(costs.writeUnits).toBeLessThanOrEqual(3);
  // Sent, received and deleted twice, in full batches.
  expect(costs.sqs).toBeGreaterThan(0.5);
  expect(costs.sqs).toBeLessThanOrEqual(0.6);
  const sent = await run.records(artifacts.map((file) => run.idOf(file)));
  expect([...sent.values()].filter(({ state }) => state === "INDEXED")).toHaveLength(ARTIFACTS);
});
