import type { HostLimits } from "../../../../core/flow/host-rule.ts";
import { planHost, type Plan, type Wants } from "../../../../core/flow/host-plan.ts";
import { NEW_HOST, type HostRecord } from "../../../../core/flow/host-record.ts";

export const NOW_MS = 1_000_000;
export const TTL_MS = 60_000;
const NOTHING: Wants = {
  used: 0,
  heldMs: [],
  reports: [],
  unsentProbes: [],
  unusedTurns: [],
  enters: 0,
  requests: 0,
  connections: 0,
  leadMs: 0,
};

export const planned = (
  limits: HostLimits,
  wants: Partial<Wants>,
  host: Partial<HostRecord> = {},
  { fraction = 0, longestDelayMs = 900_000, nowMs = NOW_MS } = {},
): Plan =>
  planHost(
    { ...NEW_HOST, ...host },
    { ...NOTHING, ...wants },
    { limits, me: "me", nowMs, holdsMs: TTL_MS, longestDelayMs, fraction },
  );

export const holder = (connections: number, untilMs = NOW_MS + TTL_MS, turnsMs: readonly number[] = []) => ({
  connections,
  untilMs,
  turnsMs,
});
