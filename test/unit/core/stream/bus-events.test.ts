import { array, assert, property, string } from "fast-check";
import { describe, expect, it } from "vitest";
import { BATCH_BYTES, bytesOfEvent, eventsOf, LARGEST_ANNOUNCEMENT_BYTES } from "../../../../core/stream/bus-events.ts";

const KIB = 1024;
/** More than EventBridge adds to an event before a target gets it: its fields, their names, and an ARN. */
const ENVELOPE_BYTES = 1_000;
const textOf = (bytes: number): string => `"${"x".repeat(bytes - 2)}"`;
/** `fetchonce`, `Artifacts Stored`, and `{"schema_version":1,"announcements":[]}`. */
const FRAME_BYTES = 9 + 16 + 39;
const announcementsIn = (detail: string): unknown => (JSON.parse(detail) as { announcements: unknown }).announcements;

describe("the bus's events", () => {
  it("hold one announcement each, unless they are batches", () => {
    expect(eventsOf(['{"id":1}', '{"id":2}'], undefined)).toEqual([
      { source: "fetchonce", type: "Artifact Stored", detail: '{"id":1}', holds: 1 },
      { source: "fetchonce", type: "Artifact Stored", detail: '{"id":2}', holds: 1 },
    ]);
  });

  it("have a type and a schema version of their own when they are batches", () => {
    expect(eventsOf(['{"id":1}', '{"id":2}'], BATCH_BYTES)).toEqual([
      {
        source: "fetchonce",
        type: "Artifacts Stored",
        detail: '{"schema_version":1,"announcements":[{"id":1},{"id":2}]}',
        holds: 2,
      },
    ]);
    expect(eventsOf([], BATCH_BYTES)).toEqual([]);
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
      property(array(string({ maxLength: 20_000, unit: "binary" }), { maxLength: 40 }), (said) => {
        const events = eventsOf(
          said.map((text) => JSON.stringify(text)),
          BATCH_BYTES,
        );
        expect(events.flatMap(({ detail }) => announcementsIn(detail))).toEqual(said);
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
