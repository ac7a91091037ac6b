import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { describe, expect, it } from "vitest";
import { batchEnded } from "../../../core/batches/batch-ended.ts";
import { listRefused } from "../../../core/lists/list-refused.ts";
import { announcement, announcementBatch, failure, failureBatch } from "../../../core/model/announcement.ts";
import {
  announcementSchemaJson,
  announcementsMarkdown,
  batchEndedSchemaJson,
  batchSchemaJson,
  EXAMPLE_ANNOUNCEMENT,
  EXAMPLE_BATCH,
  EXAMPLE_BATCH_ENDED,
  EXAMPLE_FAILURE,
  EXAMPLE_LIST_REFUSED,
  listRefusedSchemaJson,
  failureBatchSchemaJson,
  failureSchemaJson,
} from "../../../dashboards/docs/announcements.ts";

const ajv = new Ajv2020({ strict: true });
addFormats.default(ajv);
/** Whether the zod schema accepts it, and whether the JSON Schema does. */
function bothOf(
  schema:
    | typeof announcement
    | typeof failure
    | typeof announcementBatch
    | typeof failureBatch
    | typeof batchEnded
    | typeof listRefused,
  json: string,
) {
  const isValid = ajv.compile(JSON.parse(json) as object);
  return (candidate: object): readonly boolean[] => [schema.safeParse(candidate).success, isValid(candidate)];
}

describe.each([
  { what: "a stored file", example: EXAMPLE_ANNOUNCEMENT, accepts: bothOf(announcement, announcementSchemaJson()) },
  { what: "a failure", example: EXAMPLE_FAILURE, accepts: bothOf(failure, failureSchemaJson()) },
  { what: "a batch's end", example: EXAMPLE_BATCH_ENDED, accepts: bothOf(batchEnded, batchEndedSchemaJson()) },
  { what: "a refused list", example: EXAMPLE_LIST_REFUSED, accepts: bothOf(listRefused, listRefusedSchemaJson()) },
])("the zod schema and the JSON Schema of $what", ({ accepts, example }) => {
  it("both accept the example that the page shows", () => {
    expect(accepts(example)).toEqual([true, true]);
    expect(announcementsMarkdown()).toContain(example.id);
  });

  it("both accept unknown fields, so that later versions may add some", () => {
    expect(accepts({ ...example, new_field: "x" })).toEqual([true, true]);
  });

  it.each(Object.keys(example))("both require %s with its type, and the page describes it", (field) => {
    const { [field]: _, ...without } = example as Readonly<Record<string, unknown>>;
    expect(accepts(without)).toEqual([false, false]);
    expect(accepts({ ...example, [field]: null })).toEqual([false, false]);
    expect(announcementsMarkdown()).toMatch(new RegExp(`^\\| \`${field}\` \\| [^|]+ \\| [^|]+ \\|$`, "m"));
  });
});

describe("the zod schema and the JSON Schema of a batch", () => {
  const acceptsBatch = bothOf(announcementBatch, batchSchemaJson());
  const acceptsFailures = bothOf(failureBatch, failureBatchSchemaJson());

  it("both accept several announcements, and fields that a later version adds", () => {
    expect(acceptsBatch(EXAMPLE_BATCH)).toEqual([true, true]);
    const two = [EXAMPLE_ANNOUNCEMENT, { ...EXAMPLE_ANNOUNCEMENT, new_field: 1 }];
    expect(acceptsBatch({ ...EXAMPLE_BATCH, announcements: two, new_field: 1 })).toEqual([true, true]);
    expect(acceptsFailures({ schema_version: 1, announcements: [EXAMPLE_FAILURE] })).toEqual([true, true]);
  });

  it.each([
    { what: "an empty one", announcements: [] },
    { what: "one without a list", announcements: EXAMPLE_ANNOUNCEMENT },
    { what: "one that holds something else", announcements: [{ ...EXAMPLE_ANNOUNCEMENT, id: 1 }] },
    { what: "one that holds a failure", announcements: [EXAMPLE_ANNOUNCEMENT, EXAMPLE_FAILURE] },
  ])("both refuse $what", ({ announcements }) => {
    expect(acceptsBatch({ schema_version: 1, announcements })).toEqual([false, false]);
  });

  it("both refuse a batch of failures with a stored file in it", () => {
    const announcements = [EXAMPLE_FAILURE, EXAMPLE_ANNOUNCEMENT];
    expect(acceptsFailures({ schema_version: 1, announcements })).toEqual([false, false]);
  });
});
