import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { describe, expect, it } from "vitest";
import { announcement, announcementBatch } from "../../../core/model/announcement.ts";
import {
  announcementSchemaJson,
  announcementsMarkdown,
  batchSchemaJson,
  EXAMPLE_ANNOUNCEMENT,
  EXAMPLE_BATCH,
} from "../../../dashboards/docs/announcements.ts";

const ajv = new Ajv2020({ strict: true });
addFormats.default(ajv);
const isValid = ajv.compile(JSON.parse(announcementSchemaJson()) as object);
const accepts = (candidate: object): readonly boolean[] => [
  announcement.safeParse(candidate).success,
  isValid(candidate),
];

describe("the zod schema and the JSON Schema of an announcement", () => {
  it("both accept the example that the page shows", () => {
    expect(accepts(EXAMPLE_ANNOUNCEMENT)).toEqual([true, true]);
    expect(announcementsMarkdown()).toContain(EXAMPLE_ANNOUNCEMENT.key);
  });

  it("both accept unknown fields, so that later versions may add some", () => {
    expect(accepts({ ...EXAMPLE_ANNOUNCEMENT, etag: "x" })).toEqual([true, true]);
  });

  it.each(Object.keys(EXAMPLE_ANNOUNCEMENT))("both require %s with its type, and the page describes it", (field) => {
    const { [field]: _, ...without } = EXAMPLE_ANNOUNCEMENT as Readonly<Record<string, unknown>>;
    expect(accepts(without)).toEqual([false, false]);
    expect(accepts({ ...EXAMPLE_ANNOUNCEMENT, [field]: null })).toEqual([false, false]);
    expect(announcementsMarkdown()).toMatch(new RegExp(`^\\| \`${field}\` \\| [^|]+ \\| [^|]+ \\|$`, "m"));
  });
});

describe("the zod schema and the JSON Schema of a batch", () => {
  const isValidBatch = ajv.compile(JSON.parse(batchSchemaJson()) as object);
  const acceptsBatch = (candidate: object): readonly boolean[] => [
    announcementBatch.safeParse(candidate).success,
    isValidBatch(candidate),
  ];

  it("both accept several announcements, and fields that a later version adds", () => {
    expect(acceptsBatch(EXAMPLE_BATCH)).toEqual([true, true]);
    const two = [EXAMPLE_ANNOUNCEMENT, { ...EXAMPLE_ANNOUNCEMENT, new_field: 1 }];
    expect(acceptsBatch({ ...EXAMPLE_BATCH, announcements: two, new_field: 1 })).toEqual([true, true]);
  });

  it.each([
    { what: "an empty one", announcements: [] },
    { what: "one without a list", announcements: EXAMPLE_ANNOUNCEMENT },
    { what: "one that holds something else", announcements: [{ ...EXAMPLE_ANNOUNCEMENT, id: 1 }] },
  ])("both refuse $what", ({ announcements }) => {
    expect(acceptsBatch({ schema_version: 1, announcements })).toEqual([false, false]);
  });
});
