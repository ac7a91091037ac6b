import type { QueueDepth } from "../../adapters/aws/operators/queue-depth.ts";
import type { WatchCounts } from "../../adapters/aws/operators/watch-counts.ts";
import type { GateDocument } from "../../core/gate/gate-document.ts";
import { gateNow } from "../gate/status.ts";
import type { TopHost } from "../hosts/top-hosts.ts";
import { LATE_MS } from "../jobs/situation.ts";
import { formatDuration, plural, timeOf } from "../shared/words.ts";
import { TYPED } from "../terminal/typed.ts";

export interface Status {
  readonly stack: string;
  readonly region: string;
  readonly nowMs: number;
  readonly queues: Readonly<Record<"short" | "long" | "deadLetters", QueueDepth>> & {
    /** Undefined: the release that is deployed has none. */
    readonly urgent: QueueDepth | undefined;
  };
  readonly gate: GateDocument | undefined;
  readonly counts: WatchCounts;
  /** How many rules of hosts operators have set. */
  readonly hostRules: number;
  /** Or why they are not known. */
  readonly waitingHosts: readonly TopHost[] | string;
}

/** Of what CloudWatch has counted of hosts. */
export const MINUTES_SHOWN = 15;
const NUMBER_WIDTH = 11;
const NAME_WIDTH = 14;

const row = (name: string, cells: readonly (number | string)[]): string =>
  name.padEnd(NAME_WIDTH) + cells.map((cell) => String(cell).padStart(NUMBER_WIDTH)).join("");

const queueRow = (name: string, { delayed, inFlight, waiting }: QueueDepth): string =>
  row(name, [waiting, delayed, inFlight]);

export function describeStatus(status: Status): readonly string[] {
  const { gate, nowMs, queues, region, stack } = status;
  return [
    `${stack} in ${region}, at ${timeOf(nowMs)}`,
    "",
    row("Messages", ["waiting", "delayed", "in flight"]),
    queueRow("  short lane", queues.short),
    ...(queues.urgent ? [queueRow("  urgent", queues.urgent)] : []),
    queueRow("  long lane", queues.long),
    queueRow("  dead letters", queues.deadLetters),
    "",
    ...gateNow(gate),
    ...describeJobs(status),
    ...describeHosts(status),
    ...whatToDo(status),
  ];
}

function describeJobs({ counts }: Status): readonly string[] {
  const { due, isComplete, itemsAbout, watched } = counts;
  const least = isComplete ? "" : "at least ";
  return [
    `Jobs that the reconciler watches, since they are leased or wait: ${least}${watched}. Of these it is to bring back now: ` +
      `${least}${due}.`,
    `The table has about ${plural(itemsAbout, "item")}, as DynamoDB counted within the last six hours.`,
  ];
}

function describeHosts({ hostRules, waitingHosts }: Status): readonly string[] {
  const rules = hostRules > 0 ? [`Operators have set ${plural(hostRules, "rule")} of hosts.`] : [];
  if (typeof waitingHosts === "string") return [...rules, `Which hosts jobs wait for is not known: ${waitingHosts}`];
  const named = waitingHosts.map(({ count, host }) => `${host} (${Math.round(count)})`);
  return [
    ...rules,
    named.length === 0
      ? `No job was sent away from a host in the last ${MINUTES_SHOWN} minutes.`
      : `Hosts from which most jobs were sent away, to come back later, in the last ${MINUTES_SHOWN} minutes: ${named.join(", ")}.`,
  ];
}

function whatToDo({ counts, nowMs, queues, stack }: Status): readonly string[] {
  const { deadLetters } = queues;
  const lateMs = counts.dueSinceMs === undefined ? 0 : nowMs - counts.dueSinceMs;
  const todo = [
    ...(lateMs > LATE_MS
      ? [`The reconciler is late: a job has been due for ${formatDuration(lateMs)}. Look at its log (recovery-lag).`]
      : []),
    ...(deadLetters.waiting + deadLetters.inFlight > 0
      ? [`Look at the dead letters: ${TYPED} redrive dead-letters --stack ${stack} --dry-run`]
      : []),
  ];
  return todo.length === 0 ? [] : ["", ...todo];
}
