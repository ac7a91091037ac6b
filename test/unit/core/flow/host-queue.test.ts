/** Jobs that wait for a host with limits: whether they come back in time, and how often. */
import { expect, it } from "vitest";
import type { HostLimits } from "../../../../core/flow/host-rule.ts";
import { planHost } from "../../../../core/flow/host-plan.ts";
import { NEW_HOST, type HostRecord } from "../../../../core/flow/host-record.ts";

const JOBS = 300;
const LIMITS: HostLimits = { connections: 4, perSecond: 5 };

interface Played {
  /** When each job's request was sent. */
  readonly sentAtMs: readonly number[];
  /** How often a job looked for a place, on average. */
  readonly looks: number;
}

/** @param heldMs for how long a job holds its connection after its request, by the number of those before it. */
function play(limits: HostLimits, heldMs: (nth: number) => number): Played {
  let host: HostRecord = NEW_HOST;
  let used = 0;
  let looks = 0;
  const ended: number[] = [];
  const sentAtMs: number[] = [];
  const due: { readonly atMs: number; readonly what: () => void }[] = [];
  const look = (nowMs: number): void => {
    looks += 1;
    const wants = {
      used,
      heldMs: ended.splice(0),
      reports: [],
      unsentProbes: [],
      unusedTurns: [],
      enters: 1,
      requests: 0,
      connections: 0,
      leadMs: 0,
    };
    const terms = { limits, me: "me", nowMs, holdsMs: 60_000, longestDelayMs: 900_000, fraction: 0.5 };
    const { enters, later, next } = planHost(host, wants, terms);
    host = next;
    for (const atMs of later) due.push({ atMs, what: () => look(atMs) });
    for (const atMs of enters) {
      const endMs = atMs + heldMs(sentAtMs.length);
      sentAtMs.push(atMs);
      used += 1;
      const leave = (): void => {
        used -= 1;
        ended.push(endMs - nowMs);
      };
      due.push({ atMs: endMs, what: leave });
    }
  };
  for (let job = 0; job < JOBS; job++) due.push({ atMs: 1_000_000 + 10 * job, what: () => look(1_000_000 + 10 * job) });
  while (due.length > 0) {
    due.sort((a, b) => b.atMs - a.atMs);
    due.pop()?.what();
  }
  return { sentAtMs, looks: looks / JOBS };
}

const paceFrom = ({ sentAtMs }: Played, nth: number): number => {
  const times = sentAtMs.slice(nth);
  return ((times.length - 1) * 1000) / ((times.at(-1) ?? 0) - (times[0] ?? 0));
};

it.each([
  ["all hold their connection for as long", () => 160],
  ["the first ones of cold processes hold it for long", (nth: number) => (nth < 16 ? 3_000 : 160)],
])("at least 90 %% of the pace is used, if %s, and few look in vain", (_title, heldMs) => {
  const played = play(LIMITS, heldMs);
  expect(paceFrom(played, 20)).toBeGreaterThan(0.9 * 5);
  expect(played.looks).toBeLessThan(2.5);
});

it("at least 85 % of the connections are used, if each is held for so long that the pace is not what counts", () => {
  const played = play(LIMITS, () => 3_000);
  expect(paceFrom(played, 20)).toBeGreaterThan((0.85 * 4) / 3);
  expect(played.looks).toBeLessThan(4);
});
