/** Makes the bus's events of announcements. */
import { ANNOUNCEMENT_SOURCE, ANNOUNCEMENT_TYPE, BATCH_TYPE } from "../model/announcement.ts";
import type { BusEvent } from "../ports/announcement-bus.ts";

/** The most that every region's bus takes in one request: an event above it would be refused for ever. */
const LARGEST_EVENT_BYTES = 256 * 1024;
/** Room for what an event has besides an announcement: source, type, and the frame of a batch. */
const FRAME_BYTES = 1024;
export const LARGEST_ANNOUNCEMENT_BYTES = LARGEST_EVENT_BYTES - FRAME_BYTES;
/**
 * EventBridge and SQS bill each 64 KiB. This leaves 1,536 bytes for the envelope (about 300) that a rule's target gets
 * in addition.
 */
export const BATCH_BYTES = 64_000;

const [BEFORE, AFTER] = ['{"schema_version":1,"announcements":[', "]}"] as const;

/** An event, and how many of the announcements it holds. */
export interface FilledEvent extends BusEvent {
  readonly holds: number;
}

const utf8 = new TextEncoder();
export const bytesOf = (text: string): number => utf8.encode(text).length;

/** As EventBridge counts them. */
export const bytesOfEvent = ({ detail, source, type }: BusEvent): number =>
  bytesOf(source) + bytesOf(type) + bytesOf(detail);

/**
 * @param texts announcements as JSON, in the order in which they are sent.
 * @param batchBytes undefined: an event holds one announcement. Otherwise as many as make an event of so many bytes.
 */
export const eventsOf = (texts: readonly string[], batchBytes: number | undefined): readonly FilledEvent[] =>
  batchBytes === undefined ? texts.map(single) : [...groupsOf(texts, batchBytes)].map(batch);

const single = (detail: string): FilledEvent => ({
  source: ANNOUNCEMENT_SOURCE,
  type: ANNOUNCEMENT_TYPE,
  detail,
  holds: 1,
});

const batch = (texts: readonly string[]): FilledEvent => ({
  source: ANNOUNCEMENT_SOURCE,
  type: BATCH_TYPE,
  detail: `${BEFORE}${texts.join(",")}${AFTER}`,
  holds: texts.length,
});

const EMPTY_BATCH_BYTES = bytesOfEvent(batch([]));
const COMMA_BYTES = 1;

/** Groups in order. A text that is too long for a batch is in one of its own. */
function* groupsOf(texts: readonly string[], batchBytes: number): Generator<readonly string[]> {
  let group: string[] = [];
  let bytes = EMPTY_BATCH_BYTES;
  for (const text of texts) {
    const more = bytesOf(text) + COMMA_BYTES;
    if (group.length > 0 && bytes + more > batchBytes) {
      yield group;
      group = [];
      bytes = EMPTY_BATCH_BYTES;
    }
    group.push(text);
    bytes += more;
  }
  if (group.length > 0) yield group;
}
