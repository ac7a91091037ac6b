import { closestName } from "../../../core/model/closest-name.ts";
import type { JobOrder } from "../../../core/model/order.ts";

/** What a list may say of a file. */
const LIST_FIELDS = ["work_id", "artifact_id", "url", "sha256", "sha512", "md5", "bytes"] as const;
export type ListField = (typeof LIST_FIELDS)[number];
/** What a line of JSON may say as well. In tables these names are the user's own. */
const JSON_FIELDS = [
  "expect",
  "headers",
  "auth",
  "mirrors",
  "identity",
  "refresh",
] as const satisfies readonly (keyof JobOrder)[];
export type JsonField = ListField | (typeof JSON_FIELDS)[number];

/** The names that results give to what is ours: nothing of the user's own may have one of them. */
export const RESULT_FIELDS = [
  ...LIST_FIELDS,
  "job_id",
  "state",
  "content_type",
  "key",
  "path",
  "attempts",
  "reason",
] as const;

const URL_NAMES: ReadonlySet<string> = new Set(["url", "link", "href", "uri"]);
const RESULT_NAMES: ReadonlySet<string> = new Set(RESULT_FIELDS);

/** Two names are the same if they differ in case alone: many programs that read results make no difference. */
export const folded = (name: string): string => name.trim().toLowerCase();

export const isUrlName = (name: string): boolean => URL_NAMES.has(folded(name));

export function fieldNamed(name: string): ListField | undefined {
  const same = folded(name);
  return LIST_FIELDS.find((field) => field === same);
}

export function jsonFieldNamed(name: string): JsonField | undefined {
  const same = folded(name);
  return fieldNamed(name) ?? JSON_FIELDS.find((field) => field === same);
}

/** The field of a JSON object that a name was probably meant to be. */
export const jsonFieldMeant = (name: string): string | undefined =>
  fieldMeant(name) ?? closestName(name, [...JSON_FIELDS, "metadata"]);

/** Why the name cannot be that of something of the user's own. */
export function ownNameProblem(name: string): string | undefined {
  if (name.trim() === "") return "has no name; give it one, or leave it out";
  if (name === "__proto__") return "cannot be a name; choose another";
  if (RESULT_NAMES.has(folded(name))) return "is the name of a field of the results; choose another";
  return undefined;
}

/** The field that a name was probably meant to be. */
export function fieldMeant(name: string): ListField | undefined {
  const squeezed = folded(name).replace(/[^a-z0-9]/g, "");
  const isLike = (...names: readonly string[]): boolean => names.some((other) => isOneEditAway(squeezed, other));
  if (squeezed.includes("sha512")) return "sha512";
  if (squeezed === "md5sum" || squeezed === "md5hash" || squeezed === "md5digest") return "md5";
  if (squeezed.includes("sha256") || squeezed === "sha" || squeezed === "sha2" || isLike("sha256")) return "sha256";
  if (squeezed === "work" || isLike("workid")) return "work_id";
  return isLike("artifact", "artifactid") ? "artifact_id" : undefined;
}

/** Whether at most one character was added, left out or changed, or two neighbours were swapped. */
function isOneEditAway(one: string, other: string): boolean {
  const most = Math.min(one.length, other.length);
  let start = 0;
  while (start < most && one[start] === other[start]) start += 1;
  let end = 0;
  while (end < most - start && one.at(-1 - end) === other.at(-1 - end)) end += 1;
  const [left, right] = [one.slice(start, one.length - end), other.slice(start, other.length - end)];
  return (left.length <= 1 && right.length <= 1) || (left.length === 2 && left === `${right[1]}${right[0]}`);
}
