/** Makes the bus's events of announcements. */
import { ANNOUNCEMENT_SOURCE, EVENT_TYPES, type AnnouncementKind } from "../model/announcement.ts";
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

/** An announcement as JSON. */
export interface Text {
  readonly kind: AnnouncementKind;
  readonly text: string;
}

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
 * @param texts in the order in which they are sent.
 * @param batchBytes undefined: an event holds one announcement. Otherwise as many as make an event of so many bytes,
 * all of one kind.
 */
export const eventsOf = (texts: readonly Text[], batchBytes: number | undefined): readonly FilledEvent[] =>
  batchBytes === undefined ? texts.map(single) : [...batchesOf(texts, batchBytes)];

const single = ({ kind, text }: Text): FilledEvent => ({
  source: ANNOUNCEMENT_SOURCE,
  type: EVENT_TYPES[kind].single,
  detail: text,
  holds: 1,
});

const batch = (kind: AnnouncementKind, texts: readonly string[]): FilledEvent => ({
  source: ANNOUNCEMENT_SOURCE,
  type: EVENT_TYPES[kind].batch,
  detail: `${BEFORE}${texts.join(",")}${AFTER}`,
  holds: texts.length,
});

const COMMA_BYTES = 1;

/** In order. A text that is too long for a batch is in one of its own. */
function* batchesOf(texts: readonly Text[], batchBytes: number): Generator<FilledEvent> {
  let [group, bytes, kind] = [[] as string[], 0, texts[0]?.kind ?? "stored"];
  for (const next of texts) {
    const more = bytesOf(next.text) + COMMA_BYTES;
    if (group.length > 0 && (bytes + more > batchBytes || next.kind !== kind)) {
      yield batch(kind, group);
      group = [];
    }
    if (group.length === 0) [kind, bytes] = [next.kind, bytesOfEvent(batch(next.kind, []))];
    group.push(next.text);
    bytes += more;
  }
  if (group.length > 0) yield batch(kind, group);
}
