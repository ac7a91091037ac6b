import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from "aws-lambda";
import { streamRecords } from "../../adapters/aws/stream-records.ts";
import { announce, type AnnouncerDeps } from "../../core/stream/announce.ts";
import { invoke, type Invocation } from "../invocation.ts";

type AnnouncerHandler = (event: DynamoDBStreamEvent, invocation: Invocation) => Promise<DynamoDBBatchResponse>;

/** Handles a batch of the table's stream. Lambda continues from the record that is reported as failed. */
export function createHandler(deps: AnnouncerDeps): AnnouncerHandler {
  return async (event, invocation) =>
    invoke(
      deps.telemetry,
      invocation,
      async () => {
        const goOnFrom = await announce(deps, streamRecords(event));
        return { batchItemFailures: goOnFrom === undefined ? [] : [{ itemIdentifier: goOnFrom }] };
      },
      "announcer",
    );
}
