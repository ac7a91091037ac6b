import type { Context, SQSBatchResponse, SQSEvent } from "aws-lambda";
import pMap from "p-map";
import { deliver } from "../../core/worker/deliver.ts";
import { LongJobError, OutOfTimeError } from "../../core/model/errors.ts";
import type { WorkerDeps } from "../../core/worker/worker-deps.ts";
import { invoke } from "../invocation.ts";

type WorkerHandler = (event: SQSEvent, context: Context) => Promise<SQSBatchResponse>;

/** Handles an SQS batch, `recordConcurrency` records at a time. Only the messages that must come back are reported. */
export function createHandler(deps: WorkerDeps, recordConcurrency: number): WorkerHandler {
  return async (event, context) =>
    invoke(deps.telemetry, context, async () => {
      const outOfTime = new AbortController();
      const workMs = context.getRemainingTimeInMillis() - deps.settings.deadlineBufferMs;
      // What the short lane has not ended by then is long by definition.
      const end = (): void =>
        outOfTime.abort(deps.settings.shortLane ? new LongJobError("out_of_time") : new OutOfTimeError());
      const stopTimer = deps.clock.after(workMs, end);
      if (workMs <= 0) end();
      try {
        const verdicts = await pMap(
          event.Records,
          async ({ messageId, body, receiptHandle, attributes }) => {
            const receiveCount = Number(attributes.ApproximateReceiveCount);
            const sentAtMs = Number(attributes.SentTimestamp);
            const delivery = { messageId, body, receiptHandle, receiveCount, sentAtMs };
            const verdict = await deliver(deps, delivery, outOfTime.signal);
            return { messageId, verdict };
          },
          { concurrency: recordConcurrency },
        );
        const returned = verdicts.filter(({ verdict }) => verdict === "return");
        return { batchItemFailures: returned.map(({ messageId }) => ({ itemIdentifier: messageId })) };
      } finally {
        stopTimer();
        await deps.hosts.settle();
        deps.hosts.tell(deps.telemetry);
      }
    });
}
