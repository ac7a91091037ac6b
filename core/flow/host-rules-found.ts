/** All that a worker needs of the operators' rules. Apart from the rest of the document: its bundle has a budget. */
import * as z from "zod/mini";
import type { Item } from "../model/write.ts";
import { rule } from "./host-limits.ts";
import type { HostRule } from "./host-rule.ts";

export const HOST_RULES_KEY = "HOST_RULES";

export interface RulesFound {
  readonly rules: readonly HostRule[];
  /** What is wrong with it. A rule that is not understood is left out, and the others hold. */
  readonly problem: string | undefined;
}

const readable = z.object({ rules: z.array(z.object({ pattern: z.unknown(), limits: z.unknown() })) });

/** Never throws, so that neither a damaged document nor one of a later release stops a worker. */
export function hostRulesOf(item: Item): RulesFound {
  const { data } = readable.safeParse(item);
  if (!data) return { rules: [], problem: "it has no list of rules" };
  const found = data.rules.map((each) => rule.safeParse([each.pattern, each.limits]).data);
  const rules = found.filter((each) => each !== undefined);
  const unknown = found.length - rules.length;
  return { rules, problem: unknown > 0 ? `${unknown} of ${found.length} rules are not understood` : undefined };
}
