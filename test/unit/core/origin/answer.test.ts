import { describe, expect, it } from "vitest";
import {
  contentLengthOf,
  contentRangeOf,
  contentTypeOf,
  refusalError,
  strongValidatorOf,
} from "../../../../core/origin/answer.ts";
import { STATUS_RULES, verdictOn } from "../../../../core/origin/statuses.ts";
import { answer } from "../../../simulation/world.ts";

const headersOf = (headers: Record<string, string>) => answer({ headers });
const DATE = "Thu, 01 Jan 2026 00:00:10 GMT";

describe("the strong validator of a response", () => {
  it.each([
    [{ etag: '"abc"' }, '"abc"'],
    [{ etag: 'W/"abc"' }, undefined],
    [{ etag: "abc" }, undefined],
    [{ "last-modified": "Thu, 01 Jan 2026 00:00:09 GMT", date: DATE }, "Thu, 01 Jan 2026 00:00:09 GMT"],
    [{ "last-modified": DATE, date: DATE }, undefined],
    [{ "last-modified": "Thu, 01 Jan 2026 00:00:00 GMT" }, undefined],
    [{ etag: 'W/"x"', "last-modified": "Thu, 01 Jan 2026 00:00:00 GMT", date: DATE }, undefined],
    [{}, undefined],
  ])("with headers %j is %j", (headers, validator) => {
    expect(strongValidatorOf(headersOf(headers))).toBe(validator);
  });
});

it.each([
  ["bytes 5-9/10", { start: 5, end: 9, totalBytes: 10 }],
  ["bytes 5-9/*", undefined],
  ["bytes */10", undefined],
  ["items 5-9/10", undefined],
  [undefined, undefined],
])("Content-Range %j is parsed as %j", (header, range) => {
  expect(contentRangeOf(headersOf(header === undefined ? {} : { "content-range": header }))).toEqual(range);
});

it("an invalid Content-Length counts as unknown, and a missing Content-Type as application/octet-stream", () => {
  expect(contentLengthOf(headersOf({ "content-length": "12" }))).toBe(12);
  expect(contentLengthOf(headersOf({ "content-length": "-1" }))).toBeUndefined();
  expect(contentLengthOf(headersOf({}))).toBeUndefined();
  expect(contentTypeOf(headersOf({ "content-type": " " }))).toBe("application/octet-stream");
});

describe("an answer's status", () => {
  const NOW_MS = 0;
  const refusal = (status: number, headers: Record<string, string> = {}) =>
    refusalError(answer({ status, headers }), NOW_MS);

  it.each([200, 203])("of %d delivers the file", (status) => {
    expect(refusal(status)).toBeUndefined();
  });

  it.each([
    201, 204, 205, 207, 208, 226, 300, 305, 306, 309, 400, 401, 402, 403, 404, 405, 406, 410, 418, 451, 501, 505,
  ])("of %d fails the job at once", (status) => {
    expect(refusal(status)).toMatchObject({ name: "PermanentError", reason: `http_${status}`, failureClass: "origin" });
  });

  it.each([202, 304, 408, 420, 421, 423, 425, 429, 500, 502, 503, 504, 507, 509, 520, 522, 529, 530, 599, 600, 999])(
    "of %d is tried again",
    (status) => {
      expect(refusal(status)).toMatchObject({ name: "RetryableError", reason: `http_${status}` });
    },
  );

  it.each([403, 404, 410, 501])("of %d is tried again if the origin names a time", (status) => {
    expect(refusal(status, { "retry-after": "7" })).toMatchObject({ name: "RetryableError", retryAfterMs: 7000 });
    const limited = { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "9" };
    expect(refusal(status, limited)).toMatchObject({ name: "RetryableError", retryAfterMs: 9000 });
    expect(refusal(status, { "retry-after": "0" })).toMatchObject({ name: "PermanentError" });
  });

  it.each([
    [403, { "cf-mitigated": "challenge" }],
    [200, { "cf-mitigated": "Challenge" }],
    [503, { "cf-mitigated": "challenge", "retry-after": "5" }],
    [202, { "x-amzn-waf-action": "challenge" }],
    [405, { "x-amzn-waf-action": "captcha" }],
  ])("of %d with %j is a challenge page, which no retry passes", (status, headers: Record<string, string>) => {
    expect(refusal(status, headers)).toMatchObject({ name: "PermanentError", reason: "challenge_page" });
  });

  it("is decided by a rule, whatever it is, and no rule is hidden by those before it", () => {
    for (let status = 0; status <= 999; status += 1) expect(verdictOn(status)).toBeDefined();
    const deciding = new Set<unknown>();
    for (let status = 0; status <= 999; status += 1)
      deciding.add(STATUS_RULES.find(({ from, to }) => from <= status && status <= to));
    expect(deciding.size).toBe(STATUS_RULES.length);
  });
});
