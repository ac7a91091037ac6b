import type { QueueDepth } from "../../adapters/aws/operators/queue-depth.ts";
import type { WatchCounts } from "../../adapters/aws/operators/watch-counts.ts";
import type { InsightReport } from "../../adapters/aws/operators/insight-report.ts";
import type { DocumentDeps } from "../../core/document/change-document.ts";
import { readHostRules } from "../../core/flow/command-host-rules.ts";
import { readGate } from "../../core/gate/change-gate.ts";
import type { Clock } from "../../core/ports/runtime.ts";
import { topHosts } from "../hosts/top-hosts.ts";
import type { AddressesOf } from "../shared/stack.ts";
import type { StatusArguments } from "./arguments.ts";
import { describeStatus, MINUTES_SHOWN, type Status } from "./describe.ts";

export interface StatusDeps {
  readonly addressesOf: AddressesOf;
  readonly clock: Clock;
  readonly depthOf: (queueUrl: string) => Promise<QueueDepth>;
  readonly countsOf: (table: string, nowMs: number) => Promise<WatchCounts>;
  readonly report: InsightReport;
  readonly tableOf: (table: string) => DocumentDeps;
}

const HOSTS_SHOWN = 5;

/** @returns how the deployment is at the moment, for people or as JSON. */
export async function status({ json, stack }: StatusArguments, deps: StatusDeps): Promise<string> {
  const { clock, countsOf, depthOf, report, tableOf } = deps;
  const { deadLetterQueueUrl, longQueueUrl, queueUrl, region, table, urgentQueueUrl } = await deps.addressesOf(stack);
  const { items } = tableOf(table);
  const nowMs = clock.nowMs();
  const query = { by: "waiting", minutes: MINUTES_SHOWN, most: HOSTS_SHOWN } as const;
  const [short, urgent, long, deadLetters, gate, rules, counts, waitingHosts] = await Promise.all([
    depthOf(queueUrl),
    urgentQueueUrl === undefined ? undefined : depthOf(urgentQueueUrl),
    depthOf(longQueueUrl),
    depthOf(deadLetterQueueUrl),
    readGate(items),
    readHostRules(items),
    countsOf(table, nowMs),
    // An environment without monitoring has no rule that counts hosts, and an emulator no CloudWatch.
    topHosts({ clock, report, prefix: stack }, query).catch((error: unknown) =>
      error instanceof Error ? error.message : String(error),
    ),
  ]);
  const hostRules = rules?.rules.length ?? 0;
  const queues = { short, urgent, long, deadLetters };
  const found = { stack, region, nowMs, queues, gate, counts, hostRules, waitingHosts };
  return json ? JSON.stringify(fieldsOf(found), null, 2) : describeStatus(found).join("\n");
}

const depthFields = ({ delayed, inFlight, waiting }: QueueDepth): object => ({ waiting, delayed, in_flight: inFlight });

function fieldsOf({ counts, gate, hostRules, nowMs, queues, region, stack, waitingHosts }: Status): object {
  const isKnown = typeof waitingHosts !== "string";
  return {
    stack,
    region,
    at_ms: nowMs,
    queues: {
      short: depthFields(queues.short),
      urgent: queues.urgent ? depthFields(queues.urgent) : null,
      long: depthFields(queues.long),
      dead_letters: depthFields(queues.deadLetters),
    },
    gate: gate === undefined ? null : { percent: gate.percent, phase: gate.phase, version: gate.version },
    jobs: {
      watched: counts.watched,
      due: counts.due,
      due_since_ms: counts.dueSinceMs ?? null,
      is_complete: counts.isComplete,
    },
    items_about: counts.itemsAbout,
    host_rules: hostRules,
    hosts_waited_for: isKnown ? waitingHosts : null,
    hosts_problem: isKnown ? null : waitingHosts,
  };
}
