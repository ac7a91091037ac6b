import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { describe, expect, it } from "vitest";
import { announcement } from "../../../core/model/announcement.ts";
import {
  announcementSchemaJson,
  announcementsMarkdown,
  EXAMPLE_ANNOUNCEMENT,
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
