import type { DeadLetters } from "../ports/queue.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { ItemChange, StreamRecord } from "../ports/stream.ts";

interface SetAsideDeps {
  readonly deadLetters: DeadLetters;
  readonly telemetry: Telemetry;
}

/**
 * What `make` makes of the record. One that cannot be made sense of goes to the dead-letter queue, whole: it would be as
 * senseless the next time, and until the stream forgets it, it would keep all behind it waiting.
 */
export async function readOrSetAside<T>(
  { deadLetters, telemetry }: SetAsideDeps,
  record: StreamRecord,
  make: (change: ItemChange) => T | undefined,
): Promise<T | undefined> {
  try {
    return make(record.read());
  } catch (error) {
    await deadLetters.sendToDeadLetters(record.text(), String(error));
    telemetry.log("error", "a record of the stream makes no sense and went to the dead-letter queue", {
      reason: String(error),
      sequence_number: record.sequenceNumber,
    });
    return undefined;
  }
}
