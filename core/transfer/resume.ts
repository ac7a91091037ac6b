import { contentRangeOf, strongValidatorOf } from "./origin.ts";
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

/** Headers that make the origin send the rest if it has the same version, and the whole body otherwise. */
export const resumeHeaders = (checkpoint: Checkpoint): Readonly<Record<string, string>> => ({
  range: `bytes=${checkpoint.offset}-`,
  "if-range": checkpoint.validator,
});

/** A 206 is believed only when it starts where we stopped, in a body of the same length and the same version. */
export function continuesFrom(checkpoint: Checkpoint, response: HttpResponse): boolean {
  const range = contentRangeOf(response);
  const validator = strongValidatorOf(response);
  return (
    response.status === 206 &&
    range?.start === checkpoint.offset &&
    range.totalBytes === checkpoint.totalBytes &&
    (validator === undefined || !isSameKind(validator, checkpoint.validator) || validator === checkpoint.validator)
  );
}

/** An ETag can be compared only with an ETag, a date only with a date. */
const isSameKind = (a: string, b: string): boolean => a.startsWith('"') === b.startsWith('"');
