/** Runs what the saved queries select and extract on a job's events, as lines of their own and packed. */
import { describe, expect, it } from "vitest";
import { packJob, type Fields } from "../../../core/telemetry/packed-job.ts";
import { unpackJob } from "../../../core/telemetry/unpack-job.ts";
import { QUERIES } from "../../../dashboards/catalogue/queries.ts";
import { usualJob } from "../../../dashboards/docs/example-job.ts";

const PACKED = packJob(usualJob());
const LINES = unpackJob(PACKED);

/** The fields that the query has of a line; undefined if it leaves the line out. */
function fieldsOf(line: Fields, steps: readonly string[]): Fields | undefined {
  const fields: Record<string, unknown> = { ...line };
  const message = JSON.stringify(line);
  for (const step of steps) {
    const [, pattern] = /^parse @message \/(.*)\/$/.exec(step) ?? [];
    if (pattern !== undefined) Object.assign(fields, new RegExp(pattern).exec(message)?.groups);
    const [, names] = /^filter event in (\[.*\])$/.exec(step) ?? [];
    if (names !== undefined && !(JSON.parse(names) as unknown[]).includes(fields["event"])) return undefined;
    const [, present] = /^filter ispresent\((\w+)\)$/.exec(step) ?? [];
    if (present !== undefined && fields[present] === undefined) return undefined;
  }
  return fields;
}

/** All values of the fields over which the query computes, by field. */
function valuesOf(lines: readonly Fields[], steps: readonly string[]): Readonly<Record<string, readonly number[]>> {
  const stats = steps.find((step) => step.startsWith("stats ")) ?? "";
  const names = new Set(Array.from(stats.matchAll(/(?:pct|max)\((\w+)/g), ([, name = ""]) => name));
  const selected = lines.map((line) => fieldsOf(line, steps)).filter((fields) => fields !== undefined);
  return Object.fromEntries(
    [...names].map((name) => [
      name,
      selected.flatMap((fields) => (fields[name] === undefined ? [] : Number(fields[name]))),
    ]),
  );
}

const stepsOf = (id: string): readonly string[] => QUERIES.find((query) => query.id === id)?.lines ?? [];

describe("a saved query finds the same in events and in the line that packs them:", () => {
  it.each([
    ["slowest-jobs", { finalized_ms: [61] }],
    ["slowest-operations", { head_ms: [38], stream_ms: [15], finalize_ms: [0], index_ms: [5], dedupe_ms: [] }],
    ["slow-leases", { acquired_in_ms: [7] }],
  ])("%s", (id, values) => {
    expect(valuesOf(LINES, stepsOf(id))).toEqual(values);
    expect(valuesOf([PACKED], stepsOf(id))).toEqual(values);
  });

  it("the timeline, and whose jobs they are", () => {
    const steps = stepsOf("job-timeline");
    expect(steps).toContain("sort timestamp asc");
    for (const field of ["job_id", "work_id", "timestamp", "owner"])
      expect(PACKED[field]).toBe(LINES.find((line) => line[field] !== undefined)?.[field]);
  });

  it("no other reads events of jobs without trouble", () => {
    const others = QUERIES.filter(({ lines }) => lines.every((step) => !step.includes("job_packed")));
    expect(others.map(({ id }) => id)).toEqual([
      "job-timeline",
      "replays",
      "recoveries",
      "failures-by-class-and-host",
      "failures-by-reason",
      "complaints",
    ]);
  });
});
