import type { TelemetryEvent } from "../../../core/telemetry/events.ts";
import type { Gate } from "../../../core/gate/gate.ts";
import type { JobMessage } from "../../../core/model/message.ts";
import type { WorkerSettings } from "../../../core/worker/worker-deps.ts";
import type { GateWatch } from "../oracle/gate-watch.ts";
import type { Accepted } from "../oracle/accepted.ts";
import type { Announcing } from "../oracle/announcing.ts";
import type { SimulatedBlobs } from "../services/blobs.ts";
import type { SimulatedItems } from "../services/items.ts";
import type { OriginAnswer, SimulatedOrigin } from "../services/origin.ts";
import type { Boundary, Fault } from "../services/process.ts";
import type { Dice } from "../services/time.ts";

export interface OriginQuestion {
  readonly method: string;
  readonly url: string;
}

/** What a scenario sees, and may touch, of the simulation that it is played in. */
export interface Stage {
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
  /** How the origin answers; the scenario's own trouble, apart from the faults. */
  answer?(request: OriginQuestion, nth: number, origin: SimulatedOrigin): OriginAnswer;
  readonly settings?: Partial<WorkerSettings>;
  /** What the gate document says in the beginning. Undefined: there is none. */
  readonly gate?: Gate;
  /** When an operator comes by and reopens what failed. */
  readonly operatorAtMs?: readonly number[];
  /** Between two events: to change a version, to turn the gate. */
  onEvent?(stage: Stage): void;
}

export interface SimulationOptions {
  readonly scenario: Scenario;
  readonly dice: Dice;
  /** Of its own, so that how the stream comes along changes nothing about the workers. */
  readonly streamDice: Dice;
  readonly workers: number;
  readonly latencyMs: number;
  /** The fault at the nth call of a port, counted over all processes. */
  readonly faultAt: (nth: number, boundary: Boundary) => Fault | undefined;
  readonly skewMs?: (role: string) => number;
  /** From then on, and from the end of the last fault on, everything must heal. */
  readonly faultsEndMs: number;
  /** Within one attempt and the waits that may precede it, longer by as much as two clocks differ. */
  readonly attemptMs?: number;
  readonly clocksDifferMs?: () => number;
  readonly trace?: (line: string) => void;
  /** Of telemetry, whether it gets lost or not; what it throws fails the run. */
  readonly onTelemetry?: ((event: TelemetryEvent) => void) | undefined;
}
