import { describe, expect, it } from "vitest";
import type { Report, Wants } from "../../../../core/flow/host-plan.ts";
import { NEW_HOST, type HostRecord } from "../../../../core/flow/host-record.ts";
import { holder, NOW_MS, planned, TTL_MS } from "./planning.ts";

const after = (reports: readonly Report[], host: Partial<HostRecord> = {}, nowMs = NOW_MS): HostRecord =>
  planned({}, { reports }, host, { nowMs }).next;
const FAILED: Report = { kind: "failed", askedAtMs: NOW_MS };

describe("connections", () => {
  it.each<[string, Partial<HostRecord>, Partial<Wants>, number]>([
    ["all that are allowed are given", {}, { enters: 10 }, 4],
    ["those of other processes count", { holders: { a: holder(1), b: holder(2) } }, { enters: 10 }, 1],
    [
      "those of a process whose time is over do not",
      { holders: { a: holder(3, NOW_MS), b: holder(2) } },
      { enters: 10 },
      2,
    ],
    [
      "those in use here count, and not what is recorded of them",
      { holders: { me: holder(3) } },
      { enters: 10, used: 1 },
      3,
    ],
    ["none is given if others hold more than is allowed now", { holders: { a: holder(9) } }, { enters: 1 }, 0],
  ])("%s", (_title, host, wants, entered) => {
    const plan = planned({ connections: 4 }, wants, host);
    expect(plan.enters).toHaveLength(entered);
    expect(plan.later).toHaveLength((wants.enters ?? 0) - entered);
    expect(plan.next.holders["me"]?.connections ?? 0).toBe((wants.used ?? 0) + entered);
  });

  it("further ones of one job are what is free after those of the jobs that get in", () => {
    const plan = planned({ connections: 4 }, { enters: 1, connections: 8, used: 1 });
    expect([plan.enters.length, plan.connections, plan.next.holders["me"]?.connections]).toEqual([1, 2, 4]);
  });

  it("are given back with the last job", () => {
    expect(planned({ connections: 4 }, {}, { holders: { me: holder(2) } }).next.holders).toEqual({});
  });

  it("are renewed when a fifth of their time is over, and not before", () => {
    const wants = { used: 2 };
    const fresh = { me: holder(2, NOW_MS + 0.8 * TTL_MS) };
    expect(planned({ connections: 4 }, wants, { holders: fresh }).next.holders).toEqual(fresh);
    const old = { me: holder(2, NOW_MS + 0.8 * TTL_MS - 1) };
    expect(planned({ connections: 4 }, wants, { holders: old }).next.holders).toEqual({ me: holder(2) });
  });
});

describe("a host that asks for rest", () => {
  const resting = { restUntilMs: NOW_MS + 30_000 };

  it("gets no request before, of no kind", () => {
    const plan = planned({ connections: 4 }, { enters: 2, requests: 1, connections: 1 }, resting);
    expect([plan.enters, plan.requests, plan.connections]).toEqual([[], [], 0]);
    for (const atMs of plan.later) expect(atMs).toBeGreaterThanOrEqual(NOW_MS + 30_000);
    expect(plan.why).toBe("host_resting");
  });

  it("keeps the longer of two rests", () => {
    expect(after([{ kind: "rest", untilMs: NOW_MS + 10_000 }], resting).restUntilMs).toBe(NOW_MS + 30_000);
    expect(after([{ kind: "rest", untilMs: NOW_MS + 40_000 }], resting).restUntilMs).toBe(NOW_MS + 40_000);
  });
});

describe("a busy host", () => {
  const busy = (askedAtMs: number): Report => ({ kind: "busy", askedAtMs });

  it("gets half of its limits, down to a sixteenth, and at least one connection", () => {
    const shares = [];
    let host: HostRecord = NEW_HOST;
    for (let n = 0; n < 6; n++) {
      host = after([busy(NOW_MS)], host);
      shares.push(host.share);
    }
    expect(shares).toEqual([1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 16, 1 / 16]);
    expect(planned({ connections: 4 }, { enters: 4 }, host).enters).toHaveLength(1);
  });

  it("is slowed once by requests that were under way together", () => {
    const slowed = after([busy(NOW_MS)]);
    expect(after([busy(NOW_MS - 1)], slowed).share).toBe(1 / 2);
  });

  it("gets the rest back within ten minutes, little by little", () => {
    const slowed = { share: 1 / 4, slowedAtMs: NOW_MS };
    const connections = (nowMs: number) =>
      planned({ connections: 16 }, { enters: 16 }, slowed, { nowMs }).enters.length;
    expect([0, 150, 300, 600].map((s) => connections(NOW_MS + s * 1000))).toEqual([4, 8, 12, 16]);
  });
});

describe("a host that fails", () => {
  const failing = (count: number, host: Partial<HostRecord> = {}) =>
    after(
      Array.from({ length: count }, () => FAILED),
      host,
    );

  it("is down after five failures in a row", () => {
    expect(failing(4).downSinceMs).toBe(0);
    expect(failing(5)).toMatchObject({ downSinceMs: NOW_MS, probeAtMs: NOW_MS + 5_000, probes: 0 });
    expect(after([FAILED, FAILED, FAILED, FAILED, { kind: "well" }, FAILED]).downSinceMs).toBe(0);
  });

  it("gets one request when it is time to look again, and the next one later", () => {
    const down = failing(5);
    expect(planned({}, { enters: 3 }, down).enters).toHaveLength(0);
    const probe = planned({}, { enters: 3 }, down, { nowMs: NOW_MS + 5_000 });
    expect([probe.enters.length, probe.later.length, probe.why]).toEqual([1, 2, "host_down"]);
    expect(planned({}, { enters: 3 }, probe.next, { nowMs: NOW_MS + 5_001 }).enters).toHaveLength(0);
  });

  it("gets the next request at once if the one before was not sent, unless another was let in since", () => {
    const nowMs = NOW_MS + 5_000;
    const { next, probeAtMs } = planned({}, { enters: 1 }, failing(5), { nowMs });
    const unsentProbes = [Number(probeAtMs)];
    expect(planned({}, { unsentProbes }, next, { nowMs }).next.probeAtMs).toBe(nowMs);
    const later = planned({}, { enters: 1 }, next, { nowMs: next.probeAtMs });
    expect(planned({}, { unsentProbes }, later.next, { nowMs }).next.probeAtMs).toBe(later.next.probeAtMs);
    expect(planned({}, { unsentProbes: [0] }, NEW_HOST).next).toEqual(NEW_HOST);
  });

  it("is looked at less and less often, at least every six minutes", () => {
    let host = failing(5);
    const pausesS = [];
    for (let nowMs = host.probeAtMs; nowMs < NOW_MS + 3_600_000; nowMs = host.probeAtMs) {
      host = planned({}, { enters: 1 }, host, { nowMs }).next;
      host = after([{ kind: "failed", askedAtMs: nowMs }], host, nowMs);
      pausesS.push((host.probeAtMs - nowMs) / 1000);
    }
    expect(pausesS.slice(0, 9)).toEqual([10, 20, 40, 80, 160, 320, 360, 360, 360]);
  });

  it("failures of requests that were under way when it went down put nothing off", () => {
    const down = failing(5);
    const later = after([{ kind: "failed", askedAtMs: NOW_MS - 1 }], down, NOW_MS + 1_000);
    expect(later.probeAtMs).toBe(down.probeAtMs);
  });

  it("is back with the first answer", () => {
    expect(after([{ kind: "well" }], failing(7))).toEqual(NEW_HOST);
  });
});
