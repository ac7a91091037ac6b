import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { describe, expect, it } from "vitest";
import { telemetryEvent } from "../../../core/telemetry/event-schemas.ts";
import { METRICS } from "../../../core/telemetry/metrics.ts";
import { EXAMPLE_EVENTS } from "../../../dashboards/docs/example-events.ts";
import { telemetryMarkdown, telemetrySchemaJson } from "../../../dashboards/docs/telemetry.ts";

const schema = JSON.parse(telemetrySchemaJson()) as { readonly oneOf: readonly { readonly description?: string }[] };
const ajv = new Ajv2020({ strict: true, keywords: ["unit"] });
addFormats.default(ajv);
const isValid = ajv.compile(schema);

/** Fields that are there exactly if the new state is FAILED, which JSON Schema does not check. */
const ONLY_WITH_FAILED = new Set(["reason", "failure_class", "host"]);
const timestamp = "2026-11-25T08:00:00.000Z";
const examples = EXAMPLE_EVENTS.map((event) => ({ timestamp, ...event }));

describe("the schemas of the telemetry events", () => {
  it("are eleven, each with a description and an example", () => {
    expect(schema.oneOf).toHaveLength(11);
    expect(schema.oneOf.every(({ description = "" }) => description !== "")).toBe(true);
    expect(new Set(EXAMPLE_EVENTS.map(({ event }) => event)).size).toBe(11);
  });

  it.each(examples.map((line) => [line.event, line] as const))(
    "describe every field of %s, require it, and check its type, in zod and in JSON Schema",
    (name, line) => {
      const accepts = (candidate: object): readonly boolean[] => [
        telemetryEvent.safeParse(candidate).success,
        isValid(candidate),
      ];
      expect(accepts(line)).toEqual([true, true]);
      expect(accepts({ ...line, job: "unheard of" })).toEqual([false, false]);
      for (const field of Object.keys(line)) {
        const { [field]: _, ...without } = line as Readonly<Record<string, unknown>>;
        const isOptional = field === "lag_ms" || (name === "delivery_failed" && ["attempt", "job_id"].includes(field));
        const isUnchecked = name === "job_state_changed" && ONLY_WITH_FAILED.has(field);
        expect([field, ...accepts(without)]).toEqual([field, isOptional, isOptional || isUnchecked]);
        expect([field, ...accepts({ ...line, [field]: null })]).toEqual([field, false, false]);
        expect(telemetryMarkdown()).toContain(`\`${field}\``);
      }
    },
  );

  it.each(["STREAMING", "FINALIZED"])("refuse a reason on a change to %s", (to_state) => {
    const line = examples.find(({ event, ...rest }) => event === "job_state_changed" && "reason" in rest);
    expect(telemetryEvent.safeParse({ ...line, to_state }).success).toBe(false);
  });
});

it("docs/telemetry.md names the event that each metric comes from", () => {
  for (const metric of Object.keys(METRICS))
    expect(telemetryMarkdown()).toMatch(new RegExp(`^\\| \`${metric}\` \\| \\w+ \\| .+ \\| \`\\w+\`.* \\|$`, "m"));
});
