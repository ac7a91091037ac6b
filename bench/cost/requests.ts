import type { AwsRequest } from "../../test/embedded-aws/aws/aws.ts";
import type { Bill } from "./bill.ts";
import type { Meter } from "./prices.ts";

/** The meter of each request. DynamoDB requests are billed by the units that they consume, not by their number. */
const METER_OF: Readonly<Record<string, Meter | "units" | "free">> = {
  UpdateItem: "units",
  GetItem: "units",
  BatchGetItem: "units",
  Query: "units",
  PutObject: "s3Puts",
  CopyObject: "s3Puts",
  CreateMultipartUpload: "s3Puts",
  UploadPart: "s3Puts",
  UploadPartCopy: "s3Puts",
  CompleteMultipartUpload: "s3Puts",
  ListObjectsV2: "s3Puts",
  ListMultipartUploads: "s3Puts",
  ListParts: "s3Puts",
  GetObject: "s3Gets",
  HeadObject: "s3Gets",
  DeleteObject: "free",
  AbortMultipartUpload: "free",
  SendMessage: "sqsRequests",
  SendMessageBatch: "sqsRequests",
  ReceiveMessage: "sqsRequests",
  DeleteMessage: "sqsRequests",
  DeleteMessageBatch: "sqsRequests",
  ChangeMessageVisibility: "sqsRequests",
  PutEvents: "events",
};

/** Read units that DynamoDB bills for a query that finds nothing. dynalite reports none. */
const EMPTY_QUERY_UNITS = 0.5;

/** @throws RangeError for a request without a known price, since without it the bill would be too small. */
export function billOfRequests(requests: readonly AwsRequest[]): Bill {
  const bill: Partial<Record<Meter, number>> = {};
  const add = (meter: Meter, amount: number): void => {
    bill[meter] = (bill[meter] ?? 0) + amount;
  };
  for (const { service, operation, writeUnits = 0, readUnits = 0 } of requests) {
    const meter = METER_OF[operation];
    if (meter === undefined) {
      throw new RangeError(
        `The cost model has no price for ${service} ${operation}. Add it to METER_OF in bench/cost/requests.ts.`,
      );
    }
    if (meter === "units") {
      add("writeUnits", writeUnits);
      add("readUnits", operation === "Query" ? Math.max(readUnits, EMPTY_QUERY_UNITS) : readUnits);
    } else if (meter !== "free") add(meter, 1);
  }
  return bill;
}
