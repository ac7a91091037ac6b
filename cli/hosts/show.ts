import { isDown, shareOf, wholeAgainMs } from "../../core/flow/host-plan.ts";
import type { HostRecord } from "../../core/flow/host-record.ts";
import type { OperatorsRule } from "../../core/flow/host-rules-document.ts";
import { limitsInWords } from "../shared/host-limit.ts";
import { plural, timeOf } from "../shared/words.ts";

export interface HostShown {
  readonly host: string;
  readonly nowMs: number;
  /** Undefined: no worker knows anything of it. */
  readonly record: HostRecord | undefined;
  /** Undefined: the environment decides. */
  readonly rule: OperatorsRule | undefined;
}

export function describeHost({ host, nowMs, record, rule }: HostShown): readonly string[] {
  const limits = rule
    ? `Limits: ${limitsInWords(rule.limits)}, by the operators' rule ${rule.pattern} (${timeOf(rule.atMs)}, by ${rule.by}: ${rule.reason}).`
    : "Limits: no rule of operators fits, so the environment decides (hostLimits).";
  if (!record) return [`${host}: workers have noted nothing. It is unlimited, or was not asked for a week.`, limits];
  return [`${host}, at ${timeOf(nowMs)}:`, limits, ...describeUse(record, nowMs), ...describeHealth(record, nowMs)];
}

function describeUse(record: HostRecord, nowMs: number): readonly string[] {
  const holders = Object.values(record.holders).filter(({ untilMs }) => untilMs > nowMs);
  const held = holders.reduce((sum, { connections }) => sum + connections, 0);
  return [
    holders.length === 0
      ? "Connections: none is held. (They are counted only where a limit says how many.)"
      : `Connections: ${held} held by ${plural(holders.length, "worker process", "worker processes")}.`,
    ...(record.crawlMs > 0 ? [`Its robots.txt asks for ${record.crawlMs / 1000} s between two requests.`] : []),
    ...(record.nextAtMs > nowMs ? [`The next request may be sent at ${timeOf(record.nextAtMs)}.`] : []),
    ...(record.queuedUntilMs > nowMs
      ? [`Jobs wait for it, told to come back until ${timeOf(record.queuedUntilMs)}.`]
      : []),
  ];
}

function describeHealth(record: HostRecord, nowMs: number): readonly string[] {
  const share = shareOf(record, nowMs);
  const isWell = share === 1 && record.restUntilMs <= nowMs && record.failures === 0;
  return [
    ...(share === 1
      ? []
      : [
          `It gets ${Math.round(share * 100)} % of its limits: it asked for less at ${timeOf(record.slowedAtMs)}. ` +
            `It gets all of them again at ${timeOf(wholeAgainMs(record))}.`,
        ]),
    ...(record.restUntilMs > nowMs ? [`It has asked to be left alone until ${timeOf(record.restUntilMs)}.`] : []),
    ...(isDown(record)
      ? [
          `It is down since ${timeOf(record.downSinceMs)}, after ${plural(record.failures, "failure")} in a row. ` +
            `The next request finds out whether it is back, at ${timeOf(record.probeAtMs)}.`,
        ]
      : []),
    ...(!isDown(record) && record.failures > 0
      ? [`Its last ${plural(record.failures, "request")} failed; from five on it counts as down.`]
      : []),
    ...(isWell ? ["It is well."] : []),
  ];
}
