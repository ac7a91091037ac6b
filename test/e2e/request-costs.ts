/** What deliveries cost, counted where their requests arrive. */
import { onTestFinished } from "vitest";
import { HOST_RULES_KEY } from "../../core/flow/host-rules-found.ts";
import { GATE_KEY } from "../../core/gate/gate-document.ts";
import { jobIdOf } from "../../core/model/keys.ts";
import type { JobMessage } from "../../core/model/message.ts";
import { originSha256 } from "../../local/origin/content.ts";
import type { OriginFile } from "../../local/origin/file.ts";
import { startOrigin } from "../../local/origin/server.ts";
import type { AwsRequest } from "../embedded-aws/aws/aws.ts";
import { until, type Run } from "./support.ts";

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
/** The tests' own: they look at many records at a time, and replace whole items. */
const OURS = new Set(["BatchGetItem", "PutItem"]);
/** The reconciler's, in each of its runs: they cost by the minute, not by the job. */
const BY_THE_MINUTE = new Set(["Query"]);

export interface Costs {
  readonly writeUnits: number;
  /** Of these, those for the items of hosts. */
  readonly hostWriteUnits: number;
  /** Without reads of documents: a worker makes one of each per DOCUMENT_FRESH_MS, not one per artifact. */
  readonly reads: number;
  readonly puts: number;
  readonly s3Reads: number;
  readonly deletes: number;
  readonly sqs: number;
  readonly http: number;
}

export const isRead = ({ operation }: AwsRequest): boolean =>
  /^(GetItem|Query|Scan)$/.test(operation) && !BY_THE_MINUTE.has(operation);

export const DOCUMENTS = [GATE_KEY, HOST_RULES_KEY];
const isDocument = ({ key }: AwsRequest): boolean => key !== undefined && DOCUMENTS.includes(key);

/** The costs of one delivery, from the requests of `count` deliveries. */
function costsOf(requests: readonly AwsRequest[], httpRequests: number, count: number): Costs {
  const of = (service: AwsRequest["service"]): readonly AwsRequest[] =>
    requests.filter((request) => request.service === service);
  const countIn = (service: AwsRequest["service"], isOne: (operation: string) => boolean): number =>
    of(service).filter(({ operation }) => isOne(operation)).length;
  const unitsOf = (written: readonly AwsRequest[]): number =>
    written.reduce((sum, { writeUnits = 0 }) => sum + writeUnits, 0);
  const deleted = countIn("sqs", (operation) => operation === "DeleteMessageBatch");
  // An empty long poll costs by the minute, not by the artifact. Every other poll brings a batch, which is deleted.
  const received = deleted;
  const otherSqs = countIn("sqs", (operation) => /^(Send|ChangeMessageVisibility)/.test(operation));
  return {
    writeUnits: unitsOf(of("dynamodb")) / count,
    hostWriteUnits: unitsOf(of("dynamodb").filter(({ key = "" }) => key.startsWith("HOST#"))) / count,
    reads: of("dynamodb").filter((request) => isRead(request) && !isDocument(request)).length / count,
    puts: countIn("s3", (operation) => PUT_CLASS.has(operation)) / count,
    s3Reads: countIn("s3", (operation) => S3_READS.has(operation)) / count,
    deletes: countIn("s3", (operation) => operation === "DeleteObject") / count,
    sqs: (received + deleted + otherSqs) / count,
    http: httpRequests / count,
  };
}

/**
 * Holds the only worker until all messages are in the queue, so that batches are full. An origin that were silent for
 * 500 ms would have the worker take further messages beside it.
 */
const BLOCKER: OriginFile = { name: "blocker", size: 0, delayMs: 400 };

/**
 * Submits the files behind a file of another host that holds the only worker, and counts the requests from then on,
 * without that file's own.
 * @param settle waits until nothing is left to count.
 */
export async function costsOfDelivering(
  run: Run,
  files: readonly OriginFile[],
  settle = async (): Promise<void> => run.untilQueueIsEmpty(),
): Promise<Costs> {
  const { requests } = run.seen;
  const other = await startOrigin();
  onTestFinished(async () => other.stop());
  const url = other.urlOf(BLOCKER);
  const blocker: JobMessage = { work_id: "e2e", artifact_id: "blocker", url };
  await run.pipeline.submit([blocker]);
  await until("the worker is held", async () => (other.requests.length > 0 ? undefined : "no request yet"));
  const requestsBefore = requests.length;
  const httpBefore = run.origin.requests.length;
  await run.submit(files);
  await settle();

  const foreign = [jobIdOf(blocker), originSha256(BLOCKER), new URL(url).host];
  const own = requests
    .slice(requestsBefore)
    .filter(({ key = "", operation }) => !OURS.has(operation) && !foreign.some((name) => key.includes(name)));
  const blockersDelete = own.findIndex(({ operation }) => operation === "DeleteMessageBatch");
  return costsOf(own.toSpliced(blockersDelete, 1), run.origin.requests.length - httpBefore, files.length);
}
