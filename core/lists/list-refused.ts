/** The event that tells that a list was refused. What consumers may rely on is in docs/announcements.md. */
import * as z from "zod/mini";
import { present } from "../model/present.ts";
import type { ListRecord } from "./list-record.ts";

export const LIST_REFUSED = "List Refused";

const text = z.string().check(z.minLength(1));

export const listRefused = z.object({
  schema_version: z
    .literal(1)
    .check(z.describe("Changes when a field is removed or changes its meaning. Fields may be added without that.")),
  id: text.check(z.describe("The list's id. It is the same in every delivery.")),
  name: text.check(z.describe("The list: `s3://BUCKET/KEY`.")),
  reason: text.check(z.describe("Why nothing of it was sent, and what to do.")),
  problems: z.array(z.string()).check(z.describe("The first of its lines that are not valid, at most 20.")),
  found_at: z.iso.datetime().check(z.describe("When the list was found: ISO 8601, UTC.")),
});

export type ListRefused = Readonly<z.infer<typeof listRefused>>;

export const listRefusedOf = ({ createdAtMs, cursor, id, name, reason }: ListRecord): ListRefused => ({
  schema_version: 1,
  id,
  name,
  reason: present(reason, "why a list was refused"),
  problems: [...cursor.problems],
  found_at: new Date(createdAtMs).toISOString(),
});
