import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { asJobError, LeaseLostError, PermanentError, RetryableError } from "../../../core/model/errors.ts";
import { gateAdmits, parseGate } from "../../../core/gate/gate.ts";
import { jobIdOf } from "../../../core/model/keys.ts";
import { jobMessage, messageProblems } from "../../../core/model/message.ts";
import { readEnv } from "../../../lambdas/read-env.ts";
import { retryDelayMs } from "../../../core/worker/retry.ts";
import { reconcilerEnv } from "../../../lambdas/reconciler/env.ts";

describe("the gate variable", () => {
  it.each([
    ["false", 0],
    ["", 0],
    ["true", 100],
    [" TRUE ", 100],
    ["0", 0],
    ["5", 5],
    ["12.5", 12.5],
    ["100", 100],
  ])("reads %j as %d percent", (text, percent) => {
    expect(parseGate(text)).toBe(percent);
  });

  it.each(["yes", "101", "-1", "1e1", "NaN"])("refuses %j with an explanation", (text) => {
    expect(() => parseGate(text)).toThrow(`DOCSTOKG_ENABLE_IDEMPOTENCY is "${text}". Write true, false`);
  });

  const ids = Array.from({ length: 5000 }, (_, n) =>
    jobIdOf({ work_id: "w", artifact_id: String(n), url: "https://example.com/" }),
  );

  it("admits at every higher percentage each job that a lower percentage admits", () => {
    for (const id of ids.slice(0, 500)) {
      let wasIn = false;
      for (let percent = 0; percent <= 100; percent += 5) {
        const isIn = gateAdmits(percent, id);
        expect(isIn || !wasIn).toBe(true);
        wasIn = isIn;
      }
      expect(wasIn).toBe(true);
      expect(gateAdmits(0, id)).toBe(false);
    }
  });

  it("admits about the given share of jobs: 22 to 28 % of 5000 at 25 %", () => {
    const share = ids.filter((id) => gateAdmits(25, id)).length / ids.length;
    expect(share).toBeGreaterThan(0.22);
    expect(share).toBeLessThan(0.28);
  });
});

describe("the retry delay", () => {
  const policy = { maxAttempts: 8, baseMs: 1000, capMs: 30_000, longestWaitMs: 43_200_000 };

  it("is a random share of a ceiling that doubles with each strike up to the cap", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.double({ min: 0, max: 1, noNaN: true }), (strikes, fraction) => {
        const delayMs = retryDelayMs(policy, strikes, fraction, undefined);
        expect(delayMs).toBeGreaterThanOrEqual(0);
        expect(delayMs).toBeLessThanOrEqual(Math.min(30_000, 1000 * 2 ** (strikes - 1)));
      }),
    );
    expect(retryDelayMs(policy, 1, 1, undefined)).toBe(1000);
    expect(retryDelayMs(policy, 4, 1, undefined)).toBe(8000);
    expect(retryDelayMs(policy, 4, 0.5, undefined)).toBe(4000);
  });

  it("is what the origin asks for, with a tenth of jitter at most, from our base to the longest wait", () => {
    expect(retryDelayMs(policy, 1, 0, 90_000)).toBe(90_000);
    expect(retryDelayMs(policy, 1, 0.5, 90_000)).toBe(94_500);
    expect(retryDelayMs(policy, 1, 0, 1)).toBe(1000);
    expect(retryDelayMs(policy, 1, 0, 10 ** 12)).toBe(12 * 3600 * 1000);
    expect(retryDelayMs(policy, 1, 0.99, 10 ** 12)).toBeLessThan(12 * 3600 * 1000 + 60_000);
  });
});

describe("a job error", () => {
  it("is found by asJobError, however deeply it is wrapped", () => {
    const lost = new LeaseLostError();
    expect(asJobError(new Error("outer", { cause: new Error("inner", { cause: lost }) }))).toBe(lost);
  });

  it("is made by asJobError from any other error, as retryable and of the class system", () => {
    const error = asJobError(new RangeError("odd"));
    expect(error).toBeInstanceOf(RetryableError);
    expect(error.reason).toBe("unexpected:RangeError");
    expect((error as RetryableError).failureClass).toBe("system");
    expect(asJobError("text").reason).toBe("unexpected:string");
    expect(asJobError(new Error("wrapper", { cause: new RangeError("odd") })).reason).toBe("unexpected:RangeError");
  });

  it("has a name, a reason, a failure class and a cause", () => {
    const cause = new Error("cause");
    const error = new PermanentError("too_large", "policy", { cause });
    expect(error).toMatchObject({ name: "PermanentError", reason: "too_large", failureClass: "policy", cause });
  });
});

describe("the message schema", () => {
  const good = { work_id: "w", artifact_id: "a", url: "https://example.com/" };

  it("accepts a valid message, and a digest in upper or lower case", () => {
    expect(jobMessage.parse({ ...good, sha256: "AB".repeat(32) })).toEqual({ ...good, sha256: "ab".repeat(32) });
  });

  it.each([
    [{ ...good, work_id: "" }, "work_id: "],
    [{ ...good, artifact_id: "x".repeat(513) }, "artifact_id: "],
    [{ ...good, url: "no url" }, "url: not an absolute URL"],
    [{ ...good, url: `https://example.com/${"x".repeat(8192)}` }, "url: "],
    [{ ...good, sha256: "abc" }, "sha256: not 64 hexadecimal digits"],
    ["text", "message: "],
  ])("names the invalid field of %j", (body, problem) => {
    const { error } = jobMessage.safeParse(body);
    expect(error && messageProblems(error)).toContain(problem);
  });
});

it("a function with an invalid environment names every missing or invalid variable", () => {
  expect(() => readEnv(reconcilerEnv, { TABLE_NAME: "t", QUEUE_URL: "no url", RECOVER_LIMIT: "0" })).toThrow(
    /Set these variables and deploy again: .*QUEUE_URL: .*STAGING_BUCKET: .*RECOVER_LIMIT: /,
  );
});
