/** How much of an origin's host may be used at a time, by patterns of host names. */
import * as z from "zod/mini";
import { matchesHost } from "../origin/reach.ts";
import type { HostLimits, HostRule } from "./host-rule.ts";

export const fitsHost = (its: string, hostname: string): boolean => its === "*" || matchesHost(hostname, its);

/** The last rule that fits decides. Undefined: unlimited. */
export function limitsOf(rules: readonly HostRule[], hostname: string): HostLimits | undefined {
  const decided = rules.findLast(([its]) => fitsHost(its, hostname))?.[1];
  return decided === "unlimited" ? undefined : decided;
}

const MOST_CONNECTIONS = 1_000;
const SLOWEST_PER_SECOND = 1 / 3_600;
const LONGEST_PATTERN = 255;

const hostLimits = z.object({
  connections: z.optional(z.int().check(z.gte(1), z.lte(MOST_CONNECTIONS))),
  perSecond: z.optional(z.number().check(z.gte(SLOWEST_PER_SECOND), z.lte(MOST_CONNECTIONS))),
});
export const pattern = z
  .string()
  .check(z.minLength(1), z.maxLength(LONGEST_PATTERN), z.regex(/^(\*|(\*\.)?[a-z0-9_.:[\]-]+)$/));

export const limits = z.union([hostLimits, z.literal("unlimited")]);
export const rule = z.tuple([pattern, limits]);

/** Rules as they are written in settings. */
export const hostRules = z.array(rule);
