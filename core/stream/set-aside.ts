import type { DeadLetters } from "../ports/queue.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { ItemChange, StreamRecord } from "../ports/stream.ts";

interface SetAsideDeps {
  readonly deadLetters: DeadLetters;
  readonly telemetry: Telemetry;
}

/**
 * Returns what `make` makes of the record. A record that cannot be processed goes to the dead-letter queue, whole. It
 * would fail every time, and block all records behind it until it leaves the stream.
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
    telemetry.log("error", "A stream record cannot be read and went to the dead-letter queue.", {
      reason: String(error),
      sequence_number: record.sequenceNumber,
    });
    return undefined;
  }
}
