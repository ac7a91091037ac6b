import { present } from "../model/present.ts";
import { announcementOf } from "./announcement-of.ts";
import { bytesOf, eventsOf, LARGEST_ANNOUNCEMENT_BYTES, type Text } from "./bus-events.ts";
import type { AnnouncementBus } from "../ports/announcement-bus.ts";
import type { DeadLetters } from "../ports/queue.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { readOrSetAside } from "./set-aside.ts";
import type { ItemChange, StreamRecord } from "../ports/stream.ts";

export interface AnnouncerDeps {
  readonly bus: AnnouncementBus;
  readonly deadLetters: DeadLetters;
  readonly telemetry: Telemetry;
  readonly contentBucket: string;
  /** Undefined: an event holds one announcement. Otherwise as many as make an event of so many bytes. */
  readonly batchBytes: number | undefined;
}

/** An announcement, and the job's id. */
interface Said extends Text {
  readonly id: string;
}

interface Due extends Said {
  readonly sequenceNumber: string;
}

/**
 * Announces the jobs that the records report as ended. It keeps no state: if a batch is interrupted, the stream
 * delivers it again, and each announcement has the same id as before, whatever other announcements share its event.
 * @returns the sequence number from which the stream must deliver again; undefined when all is announced.
 * @throws when the bus or the dead-letter queue did not answer: the stream delivers all records again.
 */
export async function announce(deps: AnnouncerDeps, records: readonly StreamRecord[]): Promise<string | undefined> {
  const { batchBytes, bus, contentBucket, telemetry } = deps;
  const due: Due[] = [];
  for (const record of records) {
    const said = await readOrSetAside(deps, record, (change) => saidOf(change, contentBucket));
    if (said) due.push({ sequenceNumber: record.sequenceNumber, ...said });
  }
  if (due.length === 0) return undefined;
  const events = eventsOf(due, batchBytes);
  const { taken, refusal } = await bus.publish(events);
  if (refusal === undefined) return undefined;
  const announced = events.slice(0, taken).reduce((sum, { holds }) => sum + holds, 0);
  const refused = present(due[announced], "the first announcement of the event that the bus refused");
  telemetry.emit({ event: "delivery_failed", component: "announcer", error_class: refusal });
  telemetry.log("warn", "The bus refused an announcement. The stream delivers it again.", {
    reason: refusal,
    job_id: refused.id,
  });
  return refused.sequenceNumber;
}

/** @throws RangeError if no event can hold it. The bus would refuse it, and all that follows would wait for a day. */
function saidOf(change: ItemChange, contentBucket: string): Said | undefined {
  const announcement = announcementOf(change, contentBucket);
  if (!announcement) return undefined;
  const text = JSON.stringify(announcement);
  const bytes = bytesOf(text);
  const kind = announcement.state === "FAILED" ? "failed" : "stored";
  if (bytes <= LARGEST_ANNOUNCEMENT_BYTES) return { id: announcement.id, kind, text };
  throw new RangeError(
    `The announcement has ${bytes} bytes, and an event takes ${LARGEST_ANNOUNCEMENT_BYTES}. Tell those who wait for the end of this record's job yourself.`,
  );
}
