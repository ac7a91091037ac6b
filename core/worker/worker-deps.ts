import type { HostRule } from "../flow/host-rule.ts";
import type { Hosts } from "../flow/hosts.ts";
import type { Gate } from "../gate/gate.ts";
import type { GateDocumentPort } from "../gate/gate-reader.ts";
import type { Ledger } from "../ports/ledger.ts";
import type { TransferDeps, TransferSettings } from "../transfer/transfer-deps.ts";
import type { Content } from "../ports/content.ts";
import type { Items } from "../ports/items.ts";
import type { Queue } from "../ports/queue.ts";
import type { Clock, Random } from "../ports/runtime.ts";
import type { Secrets } from "../ports/secrets.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { RetryPolicy } from "./retry.ts";

export interface WorkerSettings extends TransferSettings {
  /** The variable's percentage. The gate document cannot admit a job beyond it. */
  readonly gateCeiling: Gate;
  readonly leaseTtlMs: number;
  /** How often a worker looks whether the job that it holds was cancelled. 0: it finds out with its next write. */
  readonly looksEveryMs: number;
  readonly requeueGraceMs: number;
  readonly recordRetentionMs: number;
  readonly deadlineBufferMs: number;
  readonly retry: RetryPolicy;
  /** The longest delay of a new message. A job that has to wait for longer is parked: its record brings it back. */
  readonly longestDelayMs: number;
  /** How long before its time a parked job is watched. The delay of its message is at most as long. */
  readonly dispatchAheadMs: number;
  /** How much of each host may be used. The last rule that fits decides. */
  readonly hostRules: readonly HostRule[];
  /** How long a job waits, uncharged, for a host that is down. */
  readonly hostPatienceMs: number;
  /** How many times one job may be handed to a later invocation. */
  readonly maxHops: number;
  /** How old a message may be whose first delivery leases a job that nobody watches. 0: every lease is watched. */
  readonly unwatchedForMs: number;
  /** How long a message without a group has waited when it is sent again with its host as the group. 0: never. */
  readonly regroupAfterMs: number;
  /** To how many shards of the watch index jobs are spread. */
  readonly watchShards: number;
}

export interface WorkerDeps extends TransferDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly hosts: Pick<Hosts, "arrive" | "sentAway" | "settle" | "tell">;
  readonly items: Items;
  readonly gate: GateDocumentPort;
  readonly content: Content;
  readonly queue: Queue;
  readonly secrets: Secrets;
  readonly telemetry: Telemetry;
  readonly ledger: Ledger;
  readonly settings: WorkerSettings;
}
