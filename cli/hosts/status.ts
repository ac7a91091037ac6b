import type { HostRulesChange, HostRulesDocument, OperatorsRule } from "../../core/flow/host-rules-document.ts";
import { timeOf } from "../shared/words.ts";
import { limitsInWords } from "../shared/host-limit.ts";

const describeRule = ({ atMs, by, limits, pattern, reason }: OperatorsRule): string =>
  `  ${pattern}  ${limitsInWords(limits)}  (${timeOf(atMs)}, by ${by}: ${reason})`;

const describeChange = ({ atMs, by, from, pattern, reason, to, version }: HostRulesChange): string =>
  `  ${version}  ${timeOf(atMs)}  ${pattern}: ${limitsInWords(from)} -> ${limitsInWords(to)}, by ${by}: ${reason}`;

/** The rules, of which the first that fits decides, then their history, newest first. */
export function describeRules(document: HostRulesDocument | undefined): readonly string[] {
  if (!document) return ["Operators have set no rules: the environment's decide (hostLimits)."];
  const { history, rules, version } = document;
  const inForce =
    rules.length === 0
      ? [`There are no rules of operators any more: the environment's decide (version ${version}).`]
      : [
          `Rules of operators (version ${version}). The first that fits a host decides, before all of the environment's:`,
          ...rules.toReversed().map(describeRule),
        ];
  return [...inForce, "", "History (names are as the callers gave them):", ...history.toReversed().map(describeChange)];
}
