/**
 * The operators' rules of hosts in the table: how much of each host may be used, and the history of changes. An
 * operator's rule comes before all of the environment's. Of several that fit a host, the one decides that names it
 * most exactly.
 */
import * as z from "zod/mini";
import { historyWith, isAsSeen, parsedItem, versionAfter, type DocumentKind } from "../document/change-document.ts";
import { limits, pattern } from "./host-limits.ts";
import type { HostLimits } from "./host-rule.ts";
import { HOST_RULES_KEY } from "./host-rules-found.ts";
import type { Item, Value } from "../model/write.ts";

export type Limits = HostLimits | "unlimited";

/** A rule in force, and who set it. Names are as the callers gave them. */
export interface OperatorsRule {
  readonly pattern: string;
  readonly limits: Limits;
  readonly atMs: number;
  readonly by: string;
  readonly reason: string;
}

export interface HostRulesChange {
  readonly version: number;
  readonly atMs: number;
  readonly by: string;
  readonly pattern: string;
  /** Undefined: there was no rule, or there is none any more. */
  readonly from: Limits | undefined;
  readonly to: Limits | undefined;
  readonly reason: string;
}

export interface HostRulesDocument {
  /** Grows by one with each change. Every write names the version that its writer has seen. */
  readonly version: number;
  /** From the least exact pattern to the most exact one: the last that fits decides, as in settings. */
  readonly rules: readonly OperatorsRule[];
  /** Oldest first. */
  readonly history: readonly HostRulesChange[];
}

/** What is planned for one pattern. Without limits, its rule is removed. */
export interface PlannedRule {
  readonly pattern: string;
  readonly limits: Limits | undefined;
  readonly reason: string;
}

const storedRule = z.object({ pattern, limits, at: z.number(), by: z.string(), reason: z.string() });
const storedChange = z.object({
  version: z.int(),
  at: z.number(),
  by: z.string(),
  pattern,
  from: z.nullable(limits),
  to: z.nullable(limits),
  reason: z.string(),
});
const stored = z.object({ version: z.int(), rules: z.array(storedRule), history: z.array(storedChange) });

const WHAT_TO_DO = "A later release may have written it: use its command. Or delete the item, and set the rules again.";

/** @throws TypeError when the item is not a valid document. */
export function decodeHostRules(item: Item): HostRulesDocument {
  const { history, rules, version } = parsedItem(stored, HOST_RULES_KEY, item, WHAT_TO_DO);
  return { version, rules: rules.map(decodeRule), history: history.map(decodeChange) };
}

const decodeRule = ({ at, ...rest }: z.infer<typeof storedRule>): OperatorsRule => ({ ...rest, atMs: at });

const decodeChange = ({ at, from, to, ...rest }: z.infer<typeof storedChange>): HostRulesChange => ({
  ...rest,
  atMs: at,
  from: from ?? undefined,
  to: to ?? undefined,
});

const encodeRule = ({ atMs, limits: its, ...rest }: OperatorsRule): Value => ({
  ...rest,
  limits: encodeLimits(its),
  at: atMs,
});

const encodeChange = ({ atMs, from, to, ...rest }: HostRulesChange): Value => ({
  ...rest,
  at: atMs,
  from: from ? encodeLimits(from) : null,
  to: to ? encodeLimits(to) : null,
});

const encodeLimits = (its: Limits): Value =>
  its === "unlimited"
    ? its
    : {
        ...(its.connections !== undefined && { connections: its.connections }),
        ...(its.perSecond !== undefined && { perSecond: its.perSecond }),
      };

/** `*`, then domains from the shortest to the longest, then hosts. */
const exactness = (its: string): number => {
  if (its === "*") return 0;
  return its.startsWith("*.") ? its.length : Infinity;
};

const limitsFor = (seen: HostRulesDocument | undefined, its: string): Limits | undefined =>
  seen?.rules.find((each) => each.pattern === its)?.limits;

export const HOST_RULES: DocumentKind<HostRulesDocument, PlannedRule, HostRulesChange> = {
  key: HOST_RULES_KEY,
  called: "the rules of hosts",
  decode: decodeHostRules,
  encode: encodeChange,
  change: (seen, planned, by, atMs) => ({
    version: versionAfter(seen),
    atMs,
    by,
    pattern: planned.pattern,
    from: limitsFor(seen, planned.pattern),
    to: planned.limits,
    reason: planned.reason,
  }),
  write: (seen, planned, change) => {
    const others = (seen?.rules ?? []).filter((each) => each.pattern !== planned.pattern);
    const { atMs, by, reason } = change;
    const mine = planned.limits && { pattern: planned.pattern, limits: planned.limits, atMs, by, reason };
    const rules = [...others, ...(mine ? [mine] : [])].sort((a, b) => compare(a.pattern, b.pattern));
    return {
      key: HOST_RULES_KEY,
      when: [[isAsSeen(seen)]],
      set: {
        version: change.version,
        rules: rules.map(encodeRule),
        history: historyWith(seen, change).map(encodeChange),
      },
    };
  },
};

/** Two hosts differ by Infinity - Infinity, which is not a number. */
const compare = (a: string, b: string): number =>
  exactness(a) === exactness(b) ? Number(a > b) - Number(a < b) : exactness(a) - exactness(b);
