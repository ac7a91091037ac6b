/** How many requests an artifact costs, counted where they arrive. docs/architecture.md states the budget. */
import { expect, it } from "vitest";
import { GATE_KEY } from "../../core/gate/gate-document.ts";
import { GATE_FRESH_MS } from "../../core/gate/gate-reader.ts";
import type { AwsRequest } from "../embedded-aws/aws/aws.ts";
import { originSha256 } from "../../local/origin/content.ts";
import type { OriginFile } from "../../local/origin/file.ts";
import { KIB, startRun, startSurroundings, until, type Run } from "./support.ts";

const ARTIFACTS = 50;
const BATCH_SIZE = 10;
const A_LONG_TIME_MS = 3_600_000;
const PUT_CLASS = new Set([
  "PutObject",
  "CopyObject",
  "CreateMultipartUpload",
  "UploadPart",
  "UploadPartCopy",
  "CompleteMultipartUpload",
  "ListObjectsV2",
  "ListMultipartUploads",
]);
const S3_READS = new Set(["GetObject", "HeadObject", "ListParts"]);

/** Holds the only worker until all messages are in the queue, so that batches are full. */
const BLOCKER: OriginFile = { name: "blocker", size: 0, delayMs: 1000 };
const EMPTY_SHA256 = originSha256(BLOCKER);

const artifacts = Array.from({ length: ARTIFACTS }, (_, index): OriginFile => ({
  name: `artifact-${index}`,
  size: KIB + index,
  type: "text/plain",
}));

interface Costs {
  readonly writeUnits: number;
  /** Without reads of the gate: a worker makes one per GATE_FRESH_MS, not one per artifact. */
  readonly reads: number;
  readonly puts: number;
  readonly s3Reads: number;
  readonly deletes: number;
  readonly sqs: number;
  readonly http: number;
}

const isRead = ({ operation }: AwsRequest): boolean => /^(GetItem|BatchGetItem|Query|Scan)$/.test(operation);

/** The costs of one delivery, from the requests of `count` deliveries. */
function costsOf(requests: readonly AwsRequest[], httpRequests: number, count: number): Costs {
  const of = (service: AwsRequest["service"]): readonly AwsRequest[] =>
    requests.filter((request) => request.service === service);
  const countIn = (service: AwsRequest["service"], isOne: (operation: string) => boolean): number =>
    of(service).filter(({ operation }) => isOne(operation)).length;
  const deleted = countIn("sqs", (operation) => operation === "DeleteMessageBatch");
  // An empty long poll costs by the minute, not by the artifact. Every other poll brings a batch, which is deleted.
  const received = deleted;
  const otherSqs = countIn("sqs", (operation) => /^(Send|ChangeMessageVisibility)/.test(operation));
  return {
    writeUnits: of("dynamodb").reduce((sum, { writeUnits = 0 }) => sum + writeUnits, 0) / count,
    reads: of("dynamodb").filter((request) => isRead(request) && request.key !== GATE_KEY).length / count,
    puts: countIn("s3", (operation) => PUT_CLASS.has(operation)) / count,
    s3Reads: countIn("s3", (operation) => S3_READS.has(operation)) / count,
    deletes: countIn("s3", (operation) => operation === "DeleteObject") / count,
    sqs: (received + deleted + otherSqs) / count,
    http: httpRequests / count,
  };
}

/** Submits the files behind the blocker, and counts the requests from then on, without the blocker's own. */
async function costsOfDelivering(run: Run, files: readonly OriginFile[], blocker: OriginFile): Promise<Costs> {
  const { requests } = run.seen;
  await run.submit([blocker]);
  await until("the worker is held", async () =>
    run.origin.requestsOf(blocker).length > 0 ? undefined : "no request yet",
  );
  const requestsBefore = requests.length;
  const httpBefore = run.origin.requests.length;
  await run.submit(files);
  await run.untilQueueIsEmpty();

  const http = run.origin.requests.slice(httpBefore).filter(({ path }) => !path.startsWith(`/file/${blocker.name}?`));
  const blockerId = run.idOf(blocker);
  const own = requests
    .slice(requestsBefore)
    .filter(({ key = "" }) => !key.includes(blockerId) && !key.includes(EMPTY_SHA256));
  const blockersDelete = own.findIndex(({ operation }) => operation === "DeleteMessageBatch");
  return costsOf(own.toSpliced(blockersDelete, 1), http.length, files.length);
}

it("a first delivery costs at most 8 write units, 2 PUTs and 2 HTTP requests; a second, 1 write unit", async () => {
  const surroundings = await startSurroundings();
  const run = await startRun({
    ...surroundings,
    workers: 1,
    batchSize: BATCH_SIZE,
    reconcileEveryMs: A_LONG_TIME_MS,
    workerEnv: { LEASE_TTL_MS: "60000" },
  });
  await until("the reconciler's only run is over", async () =>
    run.seen.requests.some(({ operation }) => operation === "ListMultipartUploads") ? undefined : "no listing yet",
  );

  const startedMs = Date.now();
  const first = await costsOfDelivering(run, artifacts, BLOCKER);
  const records = await run.records(artifacts.map((file) => run.idOf(file)));
  expect([...records.values()].filter(({ state }) => state === "INDEXED")).toHaveLength(ARTIFACTS);
  const second = await costsOfDelivering(run, artifacts, { ...BLOCKER, name: "second-blocker" });
  console.info(`budgets, an artifact: first ${JSON.stringify(first)} second ${JSON.stringify(second)}`);

  expect(first.writeUnits).toBeLessThanOrEqual(8);
  expect(first).toMatchObject({ reads: 0, puts: 2, s3Reads: 0, deletes: 1, http: 2 });
  expect(first.sqs).toBeLessThanOrEqual(0.3);
  expect(second.writeUnits).toBeLessThanOrEqual(1);
  expect(second).toMatchObject({ reads: 0, puts: 0, s3Reads: 0, deletes: 0, http: 0 });
  expect(second.sqs).toBeLessThanOrEqual(0.3);

  const gateReads = run.seen.requests.filter((request) => isRead(request) && request.key === GATE_KEY).length;
  expect(gateReads).toBeGreaterThan(0);
  // One worker reads the gate once per GATE_FRESH_MS, whatever else it does.
  expect(gateReads).toBeLessThanOrEqual(1 + (Date.now() - startedMs) / GATE_FRESH_MS);
});
