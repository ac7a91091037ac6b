import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from "aws-lambda";
import { streamRecords } from "../../adapters/aws/stream-records.ts";
import { announce, type AnnouncerDeps } from "../../core/stream/announce.ts";

type AnnouncerHandler = (event: DynamoDBStreamEvent) => Promise<DynamoDBBatchResponse>;

/** A batch of the table's stream: Lambda goes on from the record that is reported. */
export function createHandler(deps: AnnouncerDeps): AnnouncerHandler {
  return async (event) => {
    try {
      const goOnFrom = await announce(deps, streamRecords(event));
      return { batchItemFailures: goOnFrom === undefined ? [] : [{ itemIdentifier: goOnFrom }] };
    } finally {
      deps.telemetry.flush();
    }
  };
}
