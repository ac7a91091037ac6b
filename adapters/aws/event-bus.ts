import { present } from "../../core/model/present.ts";
import { PutEventsCommand, type EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { ANNOUNCEMENT_SOURCE, ANNOUNCEMENT_TYPE, type Announcement } from "../../core/model/announcement.ts";
import type { AnnouncementBus } from "../../core/ports/announcement-bus.ts";

type BusEvent = Record<"EventBusName" | "Source" | "DetailType" | "Detail", string>;

/** PutEvents takes at most 10 events, of 1 MiB in total. Until 2026, and in some regions still, it takes 256 KiB. */
const LARGEST_BATCH = 10;
const LARGEST_BATCH_BYTES = 256 * 1024;

export function eventBridgeBus(client: EventBridgeClient, busName: string): AnnouncementBus {
  const entryOf = (announcement: Announcement): BusEvent => ({
    EventBusName: busName,
    Source: ANNOUNCEMENT_SOURCE,
    DetailType: ANNOUNCEMENT_TYPE,
    Detail: JSON.stringify(announcement),
  });

  /** @returns the index of the first refused entry and its error code; undefined if none was refused. */
  const putBatch = async (Entries: BusEvent[]): Promise<{ at: number; code: string } | undefined> => {
    const { Entries: answers = [], FailedEntryCount = 0 } = await client.send(new PutEventsCommand({ Entries }));
    const at = answers.findIndex(({ ErrorCode }) => ErrorCode !== undefined);
    if (at >= 0) return { at, code: present(answers[at]?.ErrorCode, "the error code of a refused event") };
    return FailedEntryCount > 0 ? { at: 0, code: "unnamed" } : undefined;
  };

  return {
    async publish(announcements) {
      let taken = 0;
      for (const batch of batchesOf(announcements.map(entryOf))) {
        const refused = await putBatch(batch);
        if (refused) return { taken: taken + refused.at, refusal: refused.code };
        taken += batch.length;
      }
      return { taken };
    },
  };
}

function* batchesOf(entries: readonly BusEvent[]): Generator<BusEvent[]> {
  let batch: BusEvent[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const entryBytes = sizeOf(entry);
    if (batch.length === LARGEST_BATCH || (batch.length > 0 && bytes + entryBytes > LARGEST_BATCH_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(entry);
    bytes += entryBytes;
  }
  if (batch.length > 0) yield batch;
}

/** Bytes, as EventBridge counts them. */
const sizeOf = ({ Detail, DetailType, Source }: BusEvent): number =>
  Buffer.byteLength(Source) + Buffer.byteLength(DetailType) + Buffer.byteLength(Detail);
