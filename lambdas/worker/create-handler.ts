import type { Context, SQSBatchResponse, SQSEvent } from "aws-lambda";
import { LongJobError, OutOfTimeError } from "../../core/model/errors.ts";
import type { Inbox, Queue } from "../../core/ports/queue.ts";
import { workBatch } from "../../core/invocation/work-batch.ts";
import type { WorkerDeps } from "../../core/worker/worker-deps.ts";
import { invoke } from "../invocation.ts";

type WorkerHandler = (event: SQSEvent, context: Context) => Promise<SQSBatchResponse>;

/** A queue whose messages the worker gets. */
export interface Source {
  readonly queue: Queue;
  /** Where a batch that is held takes further messages from. Undefined: it takes none. */
  readonly inbox: Inbox | undefined;
}

/**
 * Handles an SQS batch. Only the messages that must come back are reported.
 * @param slots records at a time that make progress.
 * @param sourceOf the queue with that ARN, from which a batch is.
 */
export function createHandler(
  deps: WorkerDeps,
  slots: number,
  sourceOf: (queueArn: string) => Source = () => ({ queue: deps.queue, inbox: undefined }),
): WorkerHandler {
  return async (event, context) =>
    invoke(deps.telemetry, context, async () => {
      const { inbox, queue } = sourceOf(event.Records[0]?.eventSourceARN ?? "");
      const outOfTime = new AbortController();
      const workMs = context.getRemainingTimeInMillis() - deps.settings.deadlineBufferMs;
      // What the short lane has not ended by then is long by definition.
      const end = (): void =>
        outOfTime.abort(deps.settings.shortLane ? new LongJobError("out_of_time") : new OutOfTimeError());
      const stopTimer = deps.clock.after(workMs, end);
      if (workMs <= 0) end();
      try {
        const deliveries = event.Records.map(({ messageId, body, receiptHandle, attributes }) => ({
          messageId,
          body,
          receiptHandle,
          receiveCount: Number(attributes.ApproximateReceiveCount),
          sentAtMs: Number(attributes.SentTimestamp),
          group: attributes.MessageGroupId,
        }));
        const batch = { deliveries, slots, inbox, workMs, outOfTime: outOfTime.signal };
        const returned = await workBatch({ ...deps, queue }, batch);
        return { batchItemFailures: [...returned].map((itemIdentifier) => ({ itemIdentifier })) };
      } finally {
        stopTimer();
        await deps.hosts.settle();
        deps.hosts.tell(deps.telemetry);
      }
    });
}
