import type { DynamoDBStreamEvent } from "aws-lambda";
import { streamRecords } from "../../adapters/aws/stream-records.ts";
import { archive, type ArchiverDeps } from "../../core/stream/archive.ts";
import { invoke, type Invocation } from "../invocation.ts";

/** Handles a batch of the table's stream as a whole: a failed batch is delivered again with the same records. */
export const createHandler =
  (deps: ArchiverDeps) =>
  async (event: DynamoDBStreamEvent, invocation: Invocation): Promise<void> =>
    invoke(deps.telemetry, invocation, async () => archive(deps, streamRecords(event)), "archiver");
