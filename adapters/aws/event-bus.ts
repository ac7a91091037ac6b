import { present } from "../../core/model/present.ts";
import { PutEventsCommand, type EventBridgeClient, type PutEventsRequestEntry } from "@aws-sdk/client-eventbridge";
import type { AnnouncementBus, BusEvent } from "../../core/ports/announcement-bus.ts";
import { bytesOfEvent } from "../../core/stream/bus-events.ts";

/** PutEvents takes at most 10 events, of 1 MiB in total. Until 2026, and in some regions still, less than 256 KiB. */
const LARGEST_REQUEST = 10;
const LARGEST_REQUEST_BYTES = 256 * 1024;

export function eventBridgeBus(client: EventBridgeClient, busName: string): AnnouncementBus {
  const entryOf = ({ detail, source, type }: BusEvent): PutEventsRequestEntry => ({
    EventBusName: busName,
    Source: source,
    DetailType: type,
    Detail: detail,
  });

  /** @returns the index of the first refused entry and its error code; undefined if none was refused. */
  const put = async (events: readonly BusEvent[]): Promise<{ at: number; code: string } | undefined> => {
    const command = new PutEventsCommand({ Entries: events.map(entryOf) });
    const { Entries: answers = [], FailedEntryCount = 0 } = await client.send(command);
    const at = answers.findIndex(({ ErrorCode }) => ErrorCode !== undefined);
    if (at >= 0) return { at, code: present(answers[at]?.ErrorCode, "the error code of a refused event") };
    return FailedEntryCount > 0 ? { at: 0, code: "unnamed" } : undefined;
  };

  return {
    async publish(events) {
      let taken = 0;
      for (const request of requestsOf(events)) {
        const refused = await put(request);
        if (refused) return { taken: taken + refused.at, refusal: refused.code };
        taken += request.length;
      }
      return { taken };
    },
  };
}

function* requestsOf(events: readonly BusEvent[]): Generator<readonly BusEvent[]> {
  let request: BusEvent[] = [];
  let bytes = 0;
  for (const event of events) {
    const eventBytes = bytesOfEvent(event);
    if (request.length === LARGEST_REQUEST || (request.length > 0 && bytes + eventBytes >= LARGEST_REQUEST_BYTES)) {
      yield request;
      request = [];
      bytes = 0;
    }
    request.push(event);
    bytes += eventBytes;
  }
  if (request.length > 0) yield request;
}
