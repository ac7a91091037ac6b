import type { DynamoDBStreamEvent } from "aws-lambda";
import { streamRecords } from "../../adapters/aws/stream-records.ts";
import { archive, type ArchiverDeps } from "../../core/stream/archive.ts";

/** A batch of the table's stream, as a whole: one that fails comes again with the same records. */
export function createHandler(deps: ArchiverDeps): (event: DynamoDBStreamEvent) => Promise<void> {
  return async (event) => {
    try {
      await archive(deps, streamRecords(event));
    } finally {
      deps.telemetry.flush();
    }
  };
}
