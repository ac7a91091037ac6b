import { changeDocumentBy, readDocument, RefusalError, type DocumentDeps } from "../document/change-document.ts";
import type { Items } from "../ports/items.ts";
import { HOST_RULES, type HostRulesDocument, type PlannedRule } from "./host-rules-document.ts";

/** What all workers read every 15 s stays small. */
const MOST_RULES = 100;

export const readHostRules = async (items: Items): Promise<HostRulesDocument | undefined> =>
  readDocument(items, HOST_RULES);

/**
 * Sets an operator's rule, or removes it.
 * @throws RefusalError when there is no such rule to remove, or no room for another one; DocumentBusyError when others
 *   keep changing the rules.
 */
export async function commandHostRule(
  deps: DocumentDeps,
  planned: PlannedRule,
  by: string,
): Promise<HostRulesDocument | undefined> {
  const { document } = await changeDocumentBy(deps, HOST_RULES, by, (seen) => {
    const patterns = (seen?.rules ?? []).map(({ pattern }) => pattern);
    const isKnown = patterns.includes(planned.pattern);
    if (!planned.limits && !isKnown)
      throw new RefusalError(
        `There is no operator's rule ${planned.pattern} to remove. There are: ${patterns.join(", ") || "none"}.`,
      );
    if (planned.limits && !isKnown && patterns.length >= MOST_RULES)
      throw new RefusalError(`There are ${MOST_RULES} rules, and no more are allowed. First unset one.`);
    return planned;
  });
  return document;
}
