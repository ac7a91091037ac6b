/** How many requests an artifact costs, counted where they arrive. docs/architecture.md states the budget. */
import { expect, it } from "vitest";
import { DOCUMENT_FRESH_MS } from "../../core/document/document-reader.ts";
import type { OriginFile } from "../../local/origin/file.ts";
import { costsOfDelivering, DOCUMENTS, isRead } from "./request-costs.ts";
import { KIB, startRun, startSurroundings, until } from "./support.ts";

const ARTIFACTS = 50;
const BATCH_SIZE = 10;
const A_LONG_TIME_MS = 3_600_000;
const artifacts = Array.from({ length: ARTIFACTS }, (_, index): OriginFile => ({
  name: `artifact-${index}`,
  size: KIB + index,
  type: "text/plain",
}));

it("a first delivery costs at most 3 write units, 1 PUT and 2 HTTP requests; a second, 1 write unit", async () => {
  const surroundings = await startSurroundings();
  const run = await startRun({
    ...surroundings,
    workers: 1,
    batchSize: BATCH_SIZE,
    reconcileEveryMs: A_LONG_TIME_MS,
    // On a busy machine deliveries would take so long that the worker takes further messages beside them.
    workerEnv: { LEASE_TTL_MS: "60000", HELD_BATCH_TAKES_MORE: "false" },
  });
  await until("the reconciler's only run is over", async () =>
    run.seen.requests.some(({ operation }) => operation === "ListMultipartUploads") ? undefined : "no listing yet",
  );

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
