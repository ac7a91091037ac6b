/** Every incident of the catalogue, as prod's alarms hear it, against what an operator wants to hear. */
import { describe, expect, inject, test } from "vitest";
import { INCIDENTS } from "./catalogue.ts";
import { faultsOf } from "./incident.ts";
import { SEVERITIES as severities } from "./severities.ts";

const template = inject("prodTemplate");

test("the catalogue has more than 120 incidents, each with a name of its own and a reason", () => {
  const all = Object.values(INCIDENTS).flat();
  expect(all.length).toBeGreaterThan(120);
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
  expect(all.filter(({ why }) => why.length < 20)).toEqual([]);
});

describe.each(Object.entries(INCIDENTS))("%s", (_kind, incidents) => {
  test.each(incidents)("$id", (incident) => {
    expect(faultsOf(incident, template, severities)).toEqual([]);
  });
});
