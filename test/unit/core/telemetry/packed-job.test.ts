import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TelemetryEvent } from "../../../../core/telemetry/events.ts";
import { packJob, type Fields, type TimedEvent } from "../../../../core/telemetry/packed-job.ts";
import { unpackJob } from "../../../../core/telemetry/unpack-job.ts";
import { EXAMPLE_EVENTS } from "../../../../dashboards/docs/example-events.ts";
import { STARTED_MS, usualJob } from "../../../../dashboards/docs/example-job.ts";

/** What a log has of them. */
const asLines = (events: readonly TimedEvent[]): unknown =>
  events.map(({ atMs, event: { event, ...fields } }) =>
    logged({ event, timestamp: new Date(atMs).toISOString(), ...fields }),
  );
const logged = (fields: object): Fields => JSON.parse(JSON.stringify(fields)) as Fields;
const roundTrip = (events: readonly TimedEvent[]): unknown => unpackJob(logged(packJob(events)));

const hex = (digits: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${digits}}$`));
const of = (name: TelemetryEvent["event"], fields: Readonly<Record<string, fc.Arbitrary<unknown>>>) =>
  fc.record({ event: fc.constant(name), job_id: fc.constantFrom("a".repeat(32), "b".repeat(32)), ...fields });
const states = [
  "PLANNED",
  "LEASED",
  "HEAD_DONE",
  "STREAMING",
  "FINALIZED",
  "INDEXED",
  "FAILED",
  "NEW_STATE",
  "odd one",
];
const state = fc.constantFrom(...states);
const type = fc.constantFrom("HEAD", "STREAM", "INDEX", "__proto__", "");
const few = fc.integer({ min: 0, max: 3 });
const owner = fc.constantFrom("me", "you", "*", "- +");

const anEvent = fc.oneof(
  of("job_planned", { work_id: owner, artifact_id: fc.string(), url: fc.webUrl(), idempotency_key: hex(64) }),
  of("job_leased", { owner, ttl_sec: few, acquired_in_ms: few }),
  of("job_state_changed", { from_state: state, to_state: state, since_planned_ms: few }),
  of("operation_started", { op_key: fc.constantFrom("k", "l"), op_type: type }),
  of("operation_completed", {
    op_key: fc.constantFrom("k", "l"),
    op_type: type,
    result_code: fc.constantFrom("OK", "ODD"),
    elapsed_ms: fc.double(),
  }),
  of("lease_released", { owner }),
  fc.constantFrom(...EXAMPLE_EVENTS),
  fc.record({ event: fc.constantFrom("constructor", "job_packed", "job_moved", "toString"), by: fc.jsonValue() }),
);

/** Of a later release: with fields more, or without one. */
const strangeEvent = fc.tuple(
  anEvent,
  fc.dictionary(fc.constantFrom("extra", "owner", "job_id", "others"), fc.jsonValue()),
);
const timedEvents = fc.array(
  fc.record({
    atMs: fc.integer({ min: -50, max: 50 }).map((ms) => STARTED_MS + ms),
    event: fc.oneof(
      anEvent,
      strangeEvent.map(([event, more]) => Object.assign({}, event, more)),
    ) as fc.Arbitrary<unknown> as fc.Arbitrary<TelemetryEvent>,
  }),
  { minLength: 1, maxLength: 40 },
);

describe("the events of a job in one line", () => {
  it("are unpacked to exactly what they were, in their order, whatever they are", () => {
    fc.assert(
      fc.property(timedEvents, (events) => {
        expect(roundTrip(events)).toEqual(asLines(events));
      }),
      { numRuns: 500 },
    );
  });

  it("of a usual job take less than a third of their bytes, and have each common field once", () => {
    const events = usualJob();
    const line = packJob(events);
    expect(roundTrip(events)).toEqual(asLines(events));
    const bytesOf = (lines: unknown): number => JSON.stringify(lines).length;
    expect(bytesOf(line)).toBeLessThan(bytesOf(asLines(events)) / 3);
    expect(line).toMatchObject({
      event: "job_packed",
      timestamp: new Date(STARTED_MS).toISOString(),
      job_id: "b4ca8cf54ab6a0d0e5c7e4e0a1f7d2c3",
      acquired_in_ms: 7,
      since_planned_ms: { LEASED: 0, HEAD_DONE: 45, RESUME_OK: 45, STREAMING: 45, FINALIZED: 61, INDEXED: 66 },
      elapsed_ms: { HEAD: 38, STREAM: 15, FINALIZE: 0, INDEX: 5 },
      events:
        "planned leased >LEASED +HEAD 66 -HEAD >HEAD_DONE >RESUME_OK >STREAMING +STREAM -STREAM +FINALIZE -FINALIZE >FINALIZED +INDEX -INDEX >INDEXED released",
    });
    expect(line).not.toHaveProperty("others");
  });

  it("keep the text of a line: its event first, then its time, then its fields in their order", () => {
    const [first] = unpackJob(logged(packJob(usualJob())));
    expect(JSON.stringify(first)).toMatch(
      /^\{"event":"job_planned","timestamp":"[^"]+","work_id":"[^"]+","artifact_id":"[^"]+","url":"[^"]+","job_id"/,
    );
  });
});

describe("a line", () => {
  it.each<readonly [what: string, line: Fields]>([
    ["that is not packed", { event: "job_leased", job_id: "a", events: "planned" }],
    ["that is no event", { level: "warn", message: "events" }],
    ["of a later release, with a word that this one does not know", { event: "job_packed", events: "planned ~LATER" }],
    [
      "that lacks what a word stands for",
      { event: "job_packed", timestamp: "2027-01-15T08:00:00Z", events: "released" },
    ],
    [
      "that lacks a value of a state",
      { event: "job_packed", timestamp: "2027-01-15T08:00:00Z", job_id: "a", events: ">LEASED" },
    ],
    ["that lacks another event", { event: "job_packed", timestamp: "2027-01-15T08:00:00Z", events: "*" }],
    ["without a time", { event: "job_packed", job_id: "a", owner: "me", events: "released" }],
    ["without words", { event: "job_packed" }],
  ])("%s stays as it is", (_, line) => {
    expect(unpackJob(line)).toEqual([line]);
  });

  it("with fields of a later release gives them to its first event", () => {
    const line = { ...packJob(usualJob()), region: "eu-central-1" };
    const [first, second] = unpackJob(logged(line));
    expect(first).toMatchObject({ event: "job_planned", region: "eu-central-1" });
    expect(second).not.toHaveProperty("region");
  });
});
