import { present } from "../model/present.ts";
import type { Announcement } from "../model/announcement.ts";
import { announcementOf } from "./announcement-of.ts";
import type { AnnouncementBus } from "../ports/announcement-bus.ts";
import type { DeadLetters } from "../ports/queue.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { readOrSetAside } from "./set-aside.ts";
import type { StreamRecord } from "../ports/stream.ts";

export interface AnnouncerDeps {
  readonly bus: AnnouncementBus;
  readonly deadLetters: DeadLetters;
  readonly telemetry: Telemetry;
  readonly contentBucket: string;
}

interface Due {
  readonly sequenceNumber: string;
  readonly announcement: Announcement;
}

/**
 * Announces the artifacts that the records report as stored. It keeps no state: if a batch is interrupted, the stream
 * delivers it again, and each announcement has the same id as before.
 * @returns the sequence number from which the stream must deliver again; undefined when all is announced.
 * @throws when the bus or the dead-letter queue did not answer: the stream delivers all records again.
 */
export async function announce(deps: AnnouncerDeps, records: readonly StreamRecord[]): Promise<string | undefined> {
  const { bus, contentBucket, telemetry } = deps;
  const due: Due[] = [];
  for (const record of records) {
    const announcement = await readOrSetAside(deps, record, (change) => announcementOf(change, contentBucket));
    if (announcement) due.push({ sequenceNumber: record.sequenceNumber, announcement });
  }
  if (due.length === 0) return undefined;
  const { taken, refusal } = await bus.publish(due.map(({ announcement }) => announcement));
  if (refusal === undefined) return undefined;
  const refused = present(due[taken], "the announcement that the bus refused");
  telemetry.log("warn", "The bus refused an announcement. The stream delivers it again.", {
    reason: refusal,
    job_id: refused.announcement.id,
  });
  return refused.sequenceNumber;
}
