import { describe, expect, it } from "vitest";
import { askedWaitMs } from "../../../../core/origin/asked-wait.ts";

const NOW_MS = Date.parse("2026-01-01T00:00:00Z");
const NOW_S = NOW_MS / 1000;

describe("Retry-After", () => {
  it.each([
    ["120", 120_000],
    [" 7 ", 7000],
    ["86400000", 86_400_000_000],
    ["9".repeat(16), 1e19],
    ["Thu, 01 Jan 2026 00:01:00 GMT", 60_000],
    ["Thursday, 01-Jan-26 00:01:00 GMT", 60_000],
    ["Thu Jan  1 00:01:00 2026", 60_000],
  ])("of %j asks to wait %d ms", (header, waitMs) => {
    expect(askedWaitMs({ "retry-after": header }, NOW_MS)).toBe(waitMs);
  });

  it.each([
    "",
    "0",
    "-5",
    "1.5",
    "1e3",
    "+5",
    "5, 5",
    "5;",
    "soon",
    "0x10",
    "Wed, 31 Dec 2025 23:59:59 GMT",
    "2026-01-01T00:01:00Z",
    "Thu, 01 Jan 2026 00:01:00",
    "Thu, 99 Jan 2026 00:01:00 GMT",
    "1 Jan 2026",
  ])("of %j asks for nothing", (header) => {
    expect(askedWaitMs({ "retry-after": header }, NOW_MS)).toBeUndefined();
  });
});

describe("rate-limit headers", () => {
  it.each([
    [{ ratelimit: '"default";r=0;t=30' }, 30_000],
    [{ ratelimit: '"hour";r=5;t=90, "day";r=0;t=3600, "minute";r=0;t=3' }, 3_600_000],
    [{ ratelimit: "limit=100, remaining=0, reset=50" }, 50_000],
    [{ "ratelimit-remaining": "0", "ratelimit-reset": "12" }, 12_000],
    [{ "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(NOW_S + 60) }, 60_000],
    [{ "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(NOW_MS + 60_000) }, 60_000],
    [{ "x-rate-limit-remaining": "0", "x-rate-limit-reset": String(NOW_S + 5) }, 5000],
    [{ "retry-after": "3", "ratelimit-remaining": "0", "ratelimit-reset": "12" }, 3000],
  ])("of %j ask to wait %d ms, since nothing remains", (headers, waitMs) => {
    expect(askedWaitMs(headers, NOW_MS)).toBe(waitMs);
  });

  it.each([
    [{ ratelimit: '"default";r=1;t=30' }],
    [{ ratelimit: '"default";r=0' }],
    [{ ratelimit: "(" }],
    [{ "ratelimit-remaining": "1", "ratelimit-reset": "12" }],
    [{ "ratelimit-remaining": "0" }],
    [{ "ratelimit-remaining": "0", "ratelimit-reset": "-1" }],
    [{ "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(NOW_S - 60) }],
    [{ "ratelimit-reset": "12" }],
  ])("of %j ask for nothing", (headers: Readonly<Record<string, string>>) => {
    expect(askedWaitMs(headers, NOW_MS)).toBeUndefined();
  });
});
