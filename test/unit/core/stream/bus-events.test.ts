import { array, assert, boolean, property, string, tuple } from "fast-check";
import { describe, expect, it } from "vitest";
import {
  BATCH_BYTES,
  bytesOfEvent,
  eventsOf,
  LARGEST_ANNOUNCEMENT_BYTES,
  type Text,
} from "../../../../core/stream/bus-events.ts";

const KIB = 1024;
/** More than EventBridge adds to an event before a target gets it: its fields, their names, and an ARN. */
const ENVELOPE_BYTES = 1_000;
const stored = (text: string): Text => ({ kind: "stored", text });
const failed = (text: string): Text => ({ kind: "failed", text });
const textOf = (bytes: number): Text => stored(`"${"x".repeat(bytes - 2)}"`);
/** `fetchonce`, `Artifacts Stored`, and `{"schema_version":1,"announcements":[]}`. */
const FRAME_BYTES = 9 + 16 + 39;
const announcementsIn = (detail: string): unknown => (JSON.parse(detail) as { announcements: unknown }).announcements;

describe("the bus's events", () => {
  it("hold one announcement each, unless they are batches", () => {
    expect(eventsOf([stored('{"id":1}'), failed('{"id":2}')], undefined)).toEqual([
      { source: "fetchonce", type: "Artifact Stored", detail: '{"id":1}', holds: 1 },
      { source: "fetchonce", type: "Artifact Failed", detail: '{"id":2}', holds: 1 },
    ]);
  });

  it("have a type and a schema version of their own when they are batches", () => {
    expect(eventsOf([stored('{"id":1}'), stored('{"id":2}')], BATCH_BYTES)).toEqual([
      {
        source: "fetchonce",
        type: "Artifacts Stored",
        detail: '{"schema_version":1,"announcements":[{"id":1},{"id":2}]}',
        holds: 2,
      },
    ]);
    expect(eventsOf([], BATCH_BYTES)).toEqual([]);
  });

  it("hold what is stored or what has failed, never both, in the order in which they are sent", () => {
    const events = eventsOf([stored("1"), stored("2"), failed("3"), failed("4"), stored("5")], BATCH_BYTES);
    expect(events.map(({ detail, holds, type }) => ({ type, holds, said: announcementsIn(detail) }))).toEqual([
      { type: "Artifacts Stored", holds: 2, said: [1, 2] },
      { type: "Artifacts Failed", holds: 2, said: [3, 4] },
      { type: "Artifacts Stored", holds: 1, said: [5] },
    ]);
  });

  it.each([
    { what: "as many as fit", bytes: [100, 99, 99], limit: FRAME_BYTES + 301, holds: [3] },
    { what: "not the one that is a byte too long", bytes: [100, 99, 100], limit: FRAME_BYTES + 301, holds: [2, 1] },
    { what: "a long one alone", bytes: [10, 1000, 10, 10], limit: FRAME_BYTES + 100, holds: [1, 1, 2] },
    { what: "a long first one alone", bytes: [1000, 10], limit: FRAME_BYTES + 100, holds: [1, 1] },
  ])("hold $what", ({ bytes, limit, holds }) => {
    const events = eventsOf(bytes.map(textOf), limit);
    expect(events.map((event) => event.holds)).toEqual(holds);
    const fitting = events.filter((event) => event.holds > 1);
    expect(fitting.every((event) => bytesOfEvent(event) <= limit)).toBe(true);
  });

  it("lose nothing, keep the order, and are billed once if they hold several", () => {
    assert(
      property(array(tuple(string({ maxLength: 20_000, unit: "binary" }), boolean()), { maxLength: 40 }), (said) => {
        const events = eventsOf(
          said.map(([text, isStored]) => (isStored ? stored : failed)(JSON.stringify(text))),
          BATCH_BYTES,
        );
        expect(events.flatMap(({ detail }) => announcementsIn(detail))).toEqual(said.map(([text]) => text));
        for (const event of events) expect(announcementsIn(event.detail)).toHaveLength(event.holds);
        const shared = events.filter(({ holds }) => holds > 1).map((event) => bytesOfEvent(event) + ENVELOPE_BYTES);
        expect(Math.max(0, ...shared)).toBeLessThan(64 * KIB);
      }),
      { numRuns: 50 },
    );
  });

  it.each([undefined, BATCH_BYTES])("with the longest announcement are what every bus takes (batches: %s)", (limit) => {
    const [event] = eventsOf([textOf(LARGEST_ANNOUNCEMENT_BYTES)], limit);
    expect(event && bytesOfEvent(event)).toBeLessThan(256 * KIB);
  });
});
