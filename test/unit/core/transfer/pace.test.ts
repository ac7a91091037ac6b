import { describe, expect, it } from "vitest";
import { CommonPace, Pace } from "../../../../core/transfer/pace.ts";

const LIMITS = { leastBytesPerSecond: 100, overMs: 1000, partMs: 60_000 };
const PART_BYTES = 1000;

describe("the pace of a body", () => {
  const slow = { name: "RetryableError", reason: "origin_too_slow" };

  it("may be any within a window, and must be the least on average over it", () => {
    const pace = new Pace(LIMITS, PART_BYTES);
    for (let n = 0; n < 9; n++) pace.arrived(1, 100);
    expect(() => pace.arrived(1, 100)).toThrow(expect.objectContaining(slow));
    for (let n = 0; n < 50; n++) pace.arrived(10, 100);
  });

  it("begins anew with each window: a fast start does not pay for a slow end", () => {
    const pace = new Pace(LIMITS, 1e9);
    pace.arrived(1e6, 1000);
    expect(() => pace.arrived(99, 1000)).toThrow(expect.objectContaining(slow));
  });

  it("does not count what is not waited for", () => {
    const pace = new Pace(LIMITS, PART_BYTES);
    const arrive = () => {
      for (let n = 0; n < 10_000; n++) pace.arrived(1, 0);
    };
    expect(arrive).not.toThrow();
  });

  it("brings each part within its time, and a body that is shorter", () => {
    const pace = new Pace({ ...LIMITS, leastBytesPerSecond: 0 }, PART_BYTES);
    for (let part = 0; part < 5; part++) for (let n = 0; n < 10; n++) pace.arrived(100, 6000);
    pace.arrived(999, 60_000);
    expect(() => pace.arrived(1, 1)).toThrow(expect.objectContaining(slow));
  });

  it("is of no interest if no least is set", () => {
    const pace = new Pace({ ...LIMITS, leastBytesPerSecond: 0 }, PART_BYTES);
    const arrive = () => {
      for (let n = 0; n < 59; n++) pace.arrived(1, 1000);
    };
    expect(arrive).not.toThrow();
  });
});

describe("the pace of a body that comes over several connections", () => {
  const common = () => {
    const time = { nowMs: 10_000 };
    return { time, pace: new CommonPace({ nowMs: () => time.nowMs }, new Pace(LIMITS, PART_BYTES)) };
  };

  it("counts time that several of them wait for once", () => {
    const { pace, time } = common();
    const arrive = () => {
      for (let n = 0; n < 20; n++) {
        time.nowMs += 100;
        // Each connection has waited for the same 100 ms.
        for (let connection = 0; connection < 20; connection++) pace.arrived(1, 100);
      }
    };
    expect(arrive).not.toThrow();
  });

  it("must be the least for all of them together", () => {
    const { pace, time } = common();
    const arrive = () => {
      for (let n = 0; n < 20; n++) {
        time.nowMs += 100;
        for (let connection = 0; connection < 9; connection++) pace.arrived(1, 100);
      }
    };
    expect(arrive).toThrow(expect.objectContaining({ reason: "origin_too_slow" }));
  });

  it("does not count what no connection waits for, nor a clock that is set back", () => {
    const { pace, time } = common();
    const arrive = () => {
      for (let n = 0; n < 100; n++) {
        time.nowMs += n === 50 ? -9_000 : 1000;
        pace.arrived(1, 0);
      }
    };
    expect(arrive).not.toThrow();
  });
});
