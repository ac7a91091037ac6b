/** Every way of going round has a budget: what repeats for ever ends, with a reason that names it. */
import { describe, expect, it } from "vitest";
import { StagedObjectGoneError, UploadGoneError } from "../../../../core/model/errors.ts";
import type { WorkerDeps } from "../../../../core/worker/worker-deps.ts";
import { fileOrigin, MESSAGE, world, type World } from "../../../simulation/world.ts";
import { LARGE, leavesNoLitter } from "../support.ts";

const ATTEMPTS = 3;
const DELIVERIES = 40;

/** Delivers the message again and again, each time after the longest wait. */
async function deliverForLong(w: World): Promise<void> {
  for (let delivery = 0; delivery < DELIVERIES; delivery++) {
    await w.deliver();
    await w.clock.advance(3_600_000);
  }
}

const wholeGets = (w: World): number =>
  w.requests.filter(({ method, headers }) => method === "GET" && headers["range"] === undefined).length;

describe("a large file", () => {
  const LASTING: readonly (readonly [what: string, reason: string, spoil: (deps: WorkerDeps) => WorkerDeps])[] = [
    [
      "whose staged object is taken away each time",
      "staged_object_gone",
      (deps) => ({ ...deps, content: { ...deps.content, publish: refusing(new StagedObjectGoneError()) } }),
    ],
    [
      "whose upload is refused each time that it is to be completed",
      "staged_upload_gone",
      (deps) => ({ ...deps, staging: { ...deps.staging, completeUpload: refusing(new UploadGoneError()) } }),
    ],
    [
      "that the store fails to complete each time",
      "unexpected:Error",
      (deps) => ({ ...deps, staging: { ...deps.staging, completeUpload: refusing(new Error("InternalError")) } }),
    ],
    [
      "that the store fails to copy each time",
      "unexpected:Error",
      (deps) => ({ ...deps, content: { ...deps.content, publish: refusing(new Error("InternalError")) } }),
    ],
  ];

  it.each(LASTING)("%s fails within its retry budget", async (_what, reason, wrap) => {
    const w = world({ wrap });
    w.serve(fileOrigin(LARGE));
    await deliverForLong(w);
    expect(w.job()).toMatchObject({ state: "FAILED", reason: `retries_exhausted:${reason}`, failureClass: "system" });
    // The first attempt made progress; those after it make none.
    expect(wholeGets(w)).toBeLessThanOrEqual(1 + ATTEMPTS);
    // An upload that was said to be gone, and is not, is left to the sweep.
    await w.reconcile();
    leavesNoLitter(w);
  });

  it("that loses its upload once gets as many attempts as before for bytes that are new", async () => {
    let losses = 1;
    const w = world({
      wrap: (deps) => ({
        ...deps,
        staging: {
          ...deps.staging,
          completeUpload: async (...upload) => {
            losses -= 1;
            if (losses >= 0) throw new UploadGoneError();
            return deps.staging.completeUpload(...upload);
          },
        },
      }),
    });
    w.serve(fileOrigin(LARGE));
    await deliverForLong(w);
    expect(w.job(MESSAGE)).toMatchObject({ state: "INDEXED" });
    expect(wholeGets(w)).toBe(2);
  });
});

const refusing = (error: Error) => async (): Promise<never> => {
  throw error;
};
