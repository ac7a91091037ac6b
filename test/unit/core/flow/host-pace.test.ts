import { describe, expect, it } from "vitest";
import { NEW_HOST, type HostRecord } from "../../../../core/flow/host-record.ts";
import { NOW_MS, planned } from "./planning.ts";

describe("pace", () => {
  it.each([0.5, 5, 50, 500])(
    "%d a second: no second holds more, even if a request is as late as can be",
    (perSecond) => {
      let host: HostRecord = NEW_HOST;
      const times: number[] = [];
      for (let n = 0, nowMs = NOW_MS; n < 200; n++, nowMs += 137) {
        const plan = planned({ perSecond }, { enters: 3, requests: 1 }, host, { nowMs });
        host = plan.next;
        times.push(...plan.enters, ...plan.requests);
      }
      times.sort((a, b) => a - b);
      expect(times.length).toBeGreaterThan(5);
      for (const [index, time] of times.entries()) {
        const next = times[index + Math.max(1, perSecond)] ?? Infinity;
        expect(next - time).toBeGreaterThanOrEqual(Math.max(1000, 1000 / perSecond) + 60 - 1e-6);
      }
    },
  );

  it("a faster pace counts from the last request, however late the slower one allowed that to be", () => {
    const slow = planned({ perSecond: 0.5 }, { enters: 1 }).next;
    const [intervalMs, leadMs, mayBeLateMs] = [2_000 + 270 + 41, 2_311 / 25, 270];
    expect(slow.nextAtMs).toBeCloseTo(NOW_MS + leadMs + intervalMs, 6);
    expect(planned({ perSecond: 10 }, { enters: 1 }, slow).enters).toEqual([
      Math.ceil(NOW_MS + leadMs + 106.1 + mayBeLateMs - 20),
    ]);
  });

  it("times that a process has reserved stand beside its connections, until they are over", () => {
    const limits = { connections: 4, perSecond: 5 };
    const [first = 0, second = 0] = planned(limits, { enters: 2 }).enters;
    expect(planned(limits, { enters: 2 }).next.holders["me"]?.turnsMs).toEqual([first, second]);
    const later = planned(limits, { used: 2, requests: 1 }, planned(limits, { enters: 2 }).next, { nowMs: first });
    expect(later.next.holders["me"]?.turnsMs).toEqual([second, ...later.requests]);
  });

  const reserved = { nextAtMs: NOW_MS + 900, lastAtMs: NOW_MS + 900 - 1061 / 5 };
  it("times that the dead have left are given first, and once", () => {
    const freeTurnsMs = [NOW_MS - 1, NOW_MS + 40, NOW_MS + 100, NOW_MS + 400];
    const plan = planned({ perSecond: 5 }, { enters: 3, requests: 2 }, { ...reserved, freeTurnsMs });
    expect([plan.enters, plan.requests]).toEqual([
      [NOW_MS + 100, NOW_MS + 400, NOW_MS + 900],
      [NOW_MS + 40, Math.ceil(NOW_MS + 900 + 1061 / 5)],
    ]);
    expect(plan.next.freeTurnsMs).toEqual([]);
  });

  it("those of a faster pace are not", () => {
    const plan = planned({ perSecond: 4 }, { enters: 1 }, { ...reserved, freeTurnsMs: [NOW_MS + 100] });
    expect(plan.enters).toEqual([NOW_MS + 900]);
  });

  const fiveASecond = { connections: 9, perSecond: 5 };
  const reservedBy = (enters: number, host: Partial<HostRecord> = {}) => planned(fiveASecond, { enters }, host);

  it("times that are given back are given to others, and no longer stand beside the connections", () => {
    const { enters, next } = reservedBy(3);
    const [first = 0, ...unusedTurns] = enters;
    const given = planned(fiveASecond, { used: 3, unusedTurns }, next);
    expect(given.next.holders["me"]?.turnsMs).toEqual([first]);
    const again = reservedBy(2, given.next).enters;
    expect(again.map((ms, n) => Math.abs(ms - Number(unusedTurns[n])) <= 1)).toEqual([true, true]);
  });

  it("times that are given back may be taken in the same write", () => {
    const { enters, next } = reservedBy(3);
    expect(planned(fiveASecond, { used: 2, unusedTurns: enters.slice(2), enters: 1 }, next).enters).toEqual(
      enters.slice(2),
    );
  });

  it("a time that is given back twice, or after a later one is reserved, gives nobody a time that others have", () => {
    const { enters, next } = reservedBy(3);
    const unusedTurns = enters.slice(1, 2);
    expect(planned(fiveASecond, { used: 3, unusedTurns }, next).next.nextAtMs).toBe(next.nextAtMs);
  });

  it("after times are given back, a faster pace still counts from the last request that may be sent", () => {
    const slow = planned({ perSecond: 0.5 }, { enters: 1 });
    const { next } = planned({ perSecond: 0.5 }, { unusedTurns: slow.enters }, slow.next);
    const [again = 0] = planned({ perSecond: 10 }, { enters: 1 }, next).enters;
    expect(again).toBe(slow.enters[0]);
  });

  it("no time is earlier because a clock is behind", () => {
    const slow = planned({ perSecond: 0.01 }, { enters: 1 }).next;
    const behind = planned({ perSecond: 0.01 }, { enters: 1 }, slow, { nowMs: NOW_MS - 600_000 });
    expect([behind.enters, behind.next.nextAtMs]).toEqual([[], slow.nextAtMs]);
  });

  it("what was not used is not saved up", () => {
    const plan = planned({ perSecond: 10 }, { enters: 2 }, { nextAtMs: NOW_MS - 600_000 });
    expect(plan.enters).toEqual([NOW_MS + 50, NOW_MS + 157]);
  });

  it("a job that has to wait for long does not get in, and holds no connection", () => {
    const plan = planned({ perSecond: 1, connections: 8 }, { enters: 5 });
    expect(plan.enters).toEqual([NOW_MS + 50]);
    expect(plan.later).toEqual([0, 1, 2, 3].map((n) => Math.ceil(NOW_MS + 50 + 1061 + 848.8 * (n + 1))));
    expect(plan.next.holders["me"]?.connections).toBe(1);
  });

  it("jobs that do not get in come back one after another, behind those before them", () => {
    const first = planned({ perSecond: 1 }, { enters: 3 });
    const second = planned({ perSecond: 1 }, { enters: 2 }, first.next);
    const times = [...first.later, ...second.later];
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(new Set(times).size).toBe(times.length);
  });

  it("beyond the longest delay they come back at any time of its last third, and nothing is written for it", () => {
    const full = { nextAtMs: NOW_MS + 5_000, lastAtMs: NOW_MS + 4_000, queuedUntilMs: NOW_MS + 900_000, holders: {} };
    const plan = planned({ perSecond: 1 }, { enters: 3 }, full, { fraction: 0.5 });
    for (const atMs of plan.later) {
      expect(atMs).toBeGreaterThan(NOW_MS + 600_000);
      expect(atMs).toBeLessThanOrEqual(NOW_MS + 900_000);
    }
    expect(new Set(plan.later).size).toBe(3);
    expect(plan.next).toEqual({ ...NEW_HOST, ...full });
  });

  it("without limits, every job gets in at once and nothing is written", () => {
    const plan = planned({}, { enters: 100, requests: 3 });
    expect(plan.enters).toHaveLength(100);
    expect(plan.next).toEqual(NEW_HOST);
  });
});
