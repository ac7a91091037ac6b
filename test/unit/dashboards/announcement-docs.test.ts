import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { expect, it } from "vitest";
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

it("an announcement as the page shows it is one, by zod and as JSON Schema alike", () => {
  expect(accepts(EXAMPLE_ANNOUNCEMENT)).toEqual([true, true]);
  expect(announcementsMarkdown()).toContain(EXAMPLE_ANNOUNCEMENT.key);
});

it("an announcement may have more fields some day: who listens must not mind", () => {
  expect(accepts({ ...EXAMPLE_ANNOUNCEMENT, etag: "x" })).toEqual([true, true]);
});

it.each(Object.keys(EXAMPLE_ANNOUNCEMENT))(
  "an announcement needs %s, of its type, and the page says of it what",
  (field) => {
    const { [field]: _, ...without } = EXAMPLE_ANNOUNCEMENT as Readonly<Record<string, unknown>>;
    expect(accepts(without)).toEqual([false, false]);
    expect(accepts({ ...EXAMPLE_ANNOUNCEMENT, [field]: null })).toEqual([false, false]);
    expect(announcementsMarkdown()).toMatch(new RegExp(`^\\| \`${field}\` \\| [^|]+ \\| [^|]+ \\|$`, "m"));
  },
);
