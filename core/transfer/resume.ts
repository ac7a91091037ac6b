import { contentLengthOf, contentRangeOf, strongValidatorOf } from "../origin/answer.ts";
import type { HttpResponse } from "../ports/http.ts";
import type { Checkpoint } from "../model/record.ts";

/** What to do with a body that may be partly staged already. */
export type ResumeDecision =
  | { readonly kind: "start over" }
  | { readonly kind: "resume"; readonly checkpoint: Checkpoint }
  /** All bytes are staged; only the upload's completion is missing. */
  | { readonly kind: "complete"; readonly checkpoint: Checkpoint };

export function decideResume(checkpoint: Checkpoint | undefined): ResumeDecision {
  if (!checkpoint) return { kind: "start over" };
  return { kind: checkpoint.offset === checkpoint.totalBytes ? "complete" : "resume", checkpoint };
}

/** A version of a body. All bytes that are put together belong to one version. */
export interface Version {
  /** Strong ETag or Last-Modified. */
  readonly validator: string;
  readonly totalBytes: number;
}

/** Where a range of a body begins, and the first byte after it. Without an end it is all the rest. */
export interface Range {
  readonly offset: number;
  readonly end?: number | undefined;
}

/** Headers that make the origin send the range if it has the same version, and the whole body otherwise. */
export const rangeHeaders = ({ validator }: Version, { offset, end }: Range): Readonly<Record<string, string>> => ({
  range: `bytes=${offset}-${end === undefined ? "" : end - 1}`,
  "if-range": validator,
});

/**
 * A 206 is believed only when it starts where we stopped, in a body of the same length and the same version, and does
 * not end elsewhere than it was asked to.
 */
export function continuesFrom(version: Version, { offset, end }: Range, response: HttpResponse): boolean {
  const range = contentRangeOf(response);
  const validator = strongValidatorOf(response);
  const length = contentLengthOf(response);
  return (
    response.status === 206 &&
    range?.start === offset &&
    (end === undefined || range.end === end - 1) &&
    (length === undefined || length === range.end - range.start + 1) &&
    range.totalBytes === version.totalBytes &&
    (validator === undefined || !isSameKind(validator, version.validator) || validator === version.validator)
  );
}

/** An ETag can be compared only with an ETag, a date only with a date. */
const isSameKind = (a: string, b: string): boolean => a.startsWith('"') === b.startsWith('"');
