/**
 * Contributor Insights: hosts are too many to be a metric's dimension, so rules over the workers' logs count by them. A
 * rule costs $0.50 a month, and $0.02 for a million lines that it matches.
 */
import type { HostCounts } from "../../core/flow/host-tally.ts";
import type { TelemetryEvent } from "../../core/telemetry/events.ts";

type Filter =
  | { readonly Match: string; readonly In: readonly string[] }
  | { readonly Match: string; readonly StartsWith: readonly string[] }
  | { readonly Match: string; readonly IsPresent: true };

interface ContributorRule {
  /** The id in the stack, from which CloudFormation knows the rule again. */
  readonly construct: string;
  readonly title: string;
  readonly filters: readonly Filter[];
  /** The field that is added up. Undefined: lines are counted. */
  readonly adds?: string;
}

const ofHostLine = (construct: string, title: string, field: keyof HostCounts): ContributorRule => ({
  construct,
  title,
  filters: [{ Match: `$.${field}`, IsPresent: true }],
  adds: `$.${field}`,
});

const STATE_CHANGED: TelemetryEvent["event"] = "job_state_changed";

export const CONTRIBUTOR_RULES = {
  "failures-by-host": {
    construct: "FailuresByHost",
    title: "Hosts by jobs that failed for good",
    filters: [
      { Match: "$.event", In: [STATE_CHANGED] },
      { Match: "$.to_state", In: ["FAILED"] },
    ],
  },
  /** What counts as a failed job and is its origin's doing: the objective's failures, as far as hosts made them. */
  "given-up-by-host": {
    construct: "GivenUpByHost",
    title: "Hosts by jobs that were given up",
    filters: [
      { Match: "$.event", In: [STATE_CHANGED] },
      { Match: "$.to_state", In: ["FAILED"] },
      { Match: "$.failure_class", In: ["origin"] },
      { Match: "$.reason", StartsWith: ["retries_exhausted:"] },
    ],
  },
  "hosts-waiting": ofHostLine("HostsWaiting", "Hosts by jobs that wait for them", "waiting"),
  "hosts-slowed": ofHostLine("HostsSlowed", "Hosts by requests to slow down", "slowed"),
  "hosts-failing": ofHostLine("HostsFailing", "Hosts by requests that fail", "failing"),
} as const satisfies Readonly<Record<string, ContributorRule>>;

export type ContributorRuleId = keyof typeof CONTRIBUTOR_RULES;

export const CONTRIBUTOR_KEY = "$.host";

/** @param prefix with which the names of all alarms of the deployment begin. */
export const ruleNameOf = (prefix: string, id: ContributorRuleId): string => `${prefix}-${id}`;
