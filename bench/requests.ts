import { setTimeout as sleep } from "node:timers/promises";
import type { AwsRequest } from "../test/embedded-aws/aws/aws.ts";
import type { OriginFile } from "../local/origin/file.ts";
import { LocalRun, startOriginProcess } from "./local-run.ts";
import { KIB, MIB, rounded, type Figure, type Measurement } from "./harness/measurement.ts";
import type { JobMessage } from "../core/model/message.ts";

const SMALL_FILES = 200;

const PUT_CLASS = new Set([
  "PutObject",
  "CopyObject",
  "CreateMultipartUpload",
  "UploadPart",
  "CompleteMultipartUpload",
  "ListParts",
  "ListMultipartUploads",
  "ListObjectsV2",
]);
const FREE = new Set(["DeleteObject", "AbortMultipartUpload"]);
/** Sent by this measurement itself, to find out when all files are done. */
const OURS = new Set(["GetQueueAttributes"]);

interface Bill {
  readonly writeUnits: number;
  readonly readUnits: number;
  readonly s3Put: number;
  readonly s3Get: number;
  readonly s3Free: number;
  readonly sqs: number;
}

function billOf(seen: readonly AwsRequest[]): Bill {
  const count = (service: AwsRequest["service"], counts: (operation: string) => boolean): number =>
    seen.filter((request) => request.service === service && counts(request.operation)).length;
  return {
    writeUnits: seen.reduce((sum, { writeUnits = 0 }) => sum + writeUnits, 0),
    readUnits: seen.reduce((sum, { readUnits = 0 }) => sum + readUnits, 0),
    s3Put: count("s3", (operation) => PUT_CLASS.has(operation)),
    s3Get: count("s3", (operation) => !PUT_CLASS.has(operation) && !FREE.has(operation)),
    s3Free: count("s3", (operation) => FREE.has(operation)),
    sqs: count("sqs", (operation) => !OURS.has(operation)),
  };
}

/** Leaves out the polls that found nothing after the last message was done. */
function withoutIdlePolls(seen: readonly AwsRequest[]): readonly AwsRequest[] {
  const lastDelete = seen.findLastIndex(({ operation }) => operation === "DeleteMessageBatch");
  return seen.filter(({ operation }, index) => operation !== "ReceiveMessage" || index < lastDelete);
}

const BOUNDS: Partial<Bill> = { writeUnits: 3, readUnits: 0, s3Put: 1, s3Get: 0, s3Free: 0 };
const SQS_IN_FULL_BATCHES = 0.3;
const NAMES: Readonly<Record<keyof Bill, string>> = {
  writeUnits: "DynamoDB write units",
  readUnits: "DynamoDB read units",
  s3Put: "S3 PUT-class requests",
  s3Get: "S3 GET-class requests",
  s3Free: "S3 DELETE requests (free)",
  sqs: "SQS requests",
};

function figuresOf(what: string, bill: Bill, files: number, bounds: Partial<Bill> = {}): readonly Figure[] {
  return (Object.keys(NAMES) as (keyof Bill)[]).map((kind) => ({
    what: `${what}: ${NAMES[kind]}`,
    value: rounded(bill[kind] / files, 3),
    unit: "each",
    atMost: bounds[kind],
  }));
}

const SMALL: readonly OriginFile[] = Array.from({ length: SMALL_FILES }, (_, index) => ({
  name: `small-${index}`,
  size: 64 * KIB,
}));
const TINY: OriginFile = { name: "tiny", size: 1 };
const ONE_PART: readonly OriginFile[] = [{ name: "8-MiB", size: 8 * MIB }];
const EIGHT_PARTS: readonly OriginFile[] = [{ name: "64-MiB", size: 64 * MIB }];

export const requests: Measurement = {
  about: "requests and capacity units of one artifact, counted by the embedded AWS",
  async measure(_say, scope) {
    const origin = scope.use(await startOriginProcess());
    const messagesOf = (files: readonly OriginFile[]) => files.map((file) => origin.messageOf(file));
    const seen: AwsRequest[] = [];
    const run = scope.use(await LocalRun.start({ onAwsRequest: (request) => seen.push(request) }));

    // The reconciler runs once when the pipeline starts, and not again within an hour.
    while (!seen.some(({ operation }) => operation === "ListObjectsV2")) await sleep(50);
    await run.download(messagesOf([TINY]));

    const billFor = async (messages: readonly JobMessage[]): Promise<Bill> => {
      seen.length = 0;
      await run.download(messages);
      const bill = billOf(withoutIdlePolls(seen));
      await run.checkDownloaded(messages);
      return bill;
    };
    const small = await billFor(messagesOf(SMALL));
    const onePart = await billFor(messagesOf(ONE_PART));
    const eightParts = await billFor(messagesOf(EIGHT_PARTS));
    const duplicate = await billFor(messagesOf(SMALL));
    return {
      figures: [
        ...figuresOf("64 KiB", small, SMALL_FILES, { ...BOUNDS, sqs: SQS_IN_FULL_BATCHES }),
        ...figuresOf("8 MiB", onePart, 1, BOUNDS),
        ...figuresOf("64 MiB", eightParts, 1),
        ...figuresOf("second delivery of a finished job", duplicate, SMALL_FILES, {
          ...BOUNDS,
          writeUnits: 1,
          s3Put: 0,
          s3Get: 0,
          s3Free: 0,
        }),
      ],
      remarks: [
        `64 KiB and second deliveries: ${SMALL_FILES} messages in full batches. 8 MiB and 64 MiB: one message alone, so its three SQS requests are its own.`,
        "SQS requests are those for sending (the producer's share), receiving, hiding and deleting. Polls that find nothing are not counted.",
      ],
    };
  },
};
