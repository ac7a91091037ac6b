import type { TelemetryEvent } from "../../../core/telemetry/events.ts";
import type { Gate } from "../../../core/gate/gate.ts";
import type { JobMessage } from "../../../core/model/message.ts";
import type { WorkerSettings } from "../../../core/worker/worker-deps.ts";
import type { GateWatch } from "../oracle/gate-watch.ts";
import type { Accepted } from "../oracle/accepted.ts";
import type { Announcing } from "../oracle/announcing.ts";
import type { SimulatedBlobs } from "../services/blobs.ts";
import type { SimulatedItems } from "../services/items.ts";
import type { Cancelling, HostRuleChange, Limits, QueueHazard, Unreadable } from "../services/limits.ts";
import type { Lasting } from "../services/lasting.ts";
import type { OriginAnswer, SimulatedOrigin } from "../services/origin.ts";
import type { Boundary, Fault } from "../services/process.ts";
import type { Dice } from "../services/time.ts";

export interface OriginQuestion {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The parts of the simulation that a scenario may read and change. */
export interface Stage {
  readonly origin: SimulatedOrigin;
  readonly items: SimulatedItems;
  readonly blobs: SimulatedBlobs;
  readonly announcing: Announcing;
  /** Every call of a port so far. */
  readonly boundaries: readonly Boundary[];
  readonly gate: GateWatch;
  readonly accepted: Accepted;
}

export interface Scenario {
  readonly messages: readonly (JobMessage | string)[];
  prepare(origin: SimulatedOrigin): void;
  /** The origin's answer to the nth request of this method and URL. Undefined: it serves the resource. */
  answer?(request: OriginQuestion, nth: number, origin: SimulatedOrigin): OriginAnswer;
  readonly settings?: Partial<WorkerSettings>;
  /** False: the queue tells the group of no message, as some emulators do. */
  readonly tellsGroups?: boolean;
  /** The percentage in the gate document at the start. Undefined: there is no document. */
  readonly gate?: Gate;
  readonly hostChanges?: readonly HostRuleChange[];
  readonly rulesUnreadable?: Unreadable | undefined;
  /** When the last of several messages is sent, in ms from the start. Undefined: at the start. */
  readonly lastMessageAfterMs?: number;
  /** When each message is sent. */
  readonly messagesAfterMs?: readonly number[];
  /** When an operator reopens the failed jobs, in ms from the start. */
  readonly operatorAtMs?: readonly number[];
  readonly cancels?: readonly Cancelling[];
  /** Whether the operators who reopen failed jobs reopen those too that were cancelled. */
  readonly reopensCancelled?: boolean;
  /** Called after each event, for example to change a version or the gate. */
  onEvent?(stage: Stage): void;
}

export interface SimulationOptions {
  readonly scenario: Scenario;
  readonly dice: Dice;
  /** Separate dice for the table's stream, so that the stream does not affect what the workers draw. */
  readonly streamDice: Dice;
  readonly workers: number;
  readonly latencyMs: number;
  /** The fault at the nth call of a port, counted over all processes. */
  readonly faultAt: (nth: number, boundary: Boundary) => Fault | undefined;
  readonly skewMs?: (role: string) => number;
  /** A failure that stays, and how many attempts more than others the job may take that it affects. */
  readonly lasting?: Lasting | undefined;
  readonly lastingAttempts?: number;
  /** The limits of one run of the reconciler. Undefined: higher than any schedule needs. */
  readonly limits?: Limits | undefined;
  /** Whether S3 keeps a part that was on its way when its upload was aborted. */
  readonly mayLandLate?: boolean;
  /** Whether a worker process lives on after its invocation, and stands still until the next. */
  readonly isWarm?: boolean;
  readonly queue?: QueueHazard | undefined;
  /** When the last of several messages is sent, in ms from the start. Undefined: at the start. */
  readonly lastMessageAfterMs?: number | undefined;
  /** How old the state is that the watch index shows, in ms. */
  readonly lagMs?: number | undefined;
  /** Whether a reconciler must send its message also if the answer to its write was lost. */
  readonly isOwedChecked?: boolean;
  /** Healing is timed from this moment or from the end of the last fault, whichever is later, in ms from the start. */
  readonly faultsEndMs: number;
  /** The time of one attempt, in ms: everything must heal within it, the waits before it, and `clocksDifferMs`. */
  readonly attemptMs?: number;
  readonly clocksDifferMs?: () => number;
  /** Whether all clocks show the same time. Undefined: if there is no `skewMs`. */
  readonly areClocksEqual?: () => boolean;
  readonly trace?: (line: string) => void;
  /** Gets every telemetry event, even those that get lost. An error that it throws fails the run. */
  readonly onTelemetry?: ((event: TelemetryEvent) => void) | undefined;
}
