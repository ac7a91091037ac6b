import type { Lane, Limit } from "./deployment.ts";

/** Of one lane, since the measuring began. */
export interface LaneFigures {
  readonly jobs: number;
  readonly invocations: number;
  /** Of an invocation, as a mean. */
  readonly messages: number;
  readonly meanEnvironments: number;
  readonly mostEnvironments: number;
  readonly mostInFlight: number;
  /** When its last invocation ended. */
  readonly lastEndedMs: number;
  /** Messages that could be received, at the end. */
  readonly visible: number;
  /** The share of the time in which messages waited for this limit. */
  readonly heldBackBy: ReadonlyMap<Limit, number>;
}

export class LaneState {
  readonly lane: Lane;
  visible = 0;
  running = 0;
  /** Messages of running invocations, and those hidden until their time comes. */
  inFlight = 0;
  allowed: number;
  heldBackBy: Limit | undefined;
  jobs = 0;
  invocations = 0;
  messages = 0;
  lastEndedMs = 0;
  #heldBackMs = new Map<Limit, number>();
  #runningMs = 0;
  #measuredMs = 0;
  #mostRunning = 0;
  #mostInFlight = 0;

  constructor(lane: Lane) {
    this.lane = lane;
    this.allowed = Math.min(lane.concurrency, lane.scaling.startsAt);
  }

  startMeasuring(): void {
    this.jobs = 0;
    this.invocations = 0;
    this.messages = 0;
    this.#heldBackMs = new Map();
    this.#runningMs = 0;
    this.#measuredMs = 0;
    this.#mostRunning = 0;
    this.#mostInFlight = 0;
  }

  pass(ms: number): void {
    this.#measuredMs += ms;
    this.#runningMs += this.running * ms;
    this.#mostRunning = Math.max(this.#mostRunning, this.running);
    this.#mostInFlight = Math.max(this.#mostInFlight, this.inFlight);
    const limit = this.heldBackBy;
    if (limit !== undefined) this.#heldBackMs.set(limit, (this.#heldBackMs.get(limit) ?? 0) + ms);
  }

  scaleUp(): void {
    const { concurrency, scaling } = this.lane;
    if (this.heldBackBy === "scale-up") this.allowed = Math.min(concurrency, this.allowed + scaling.moreEachSecond);
  }

  get figures(): LaneFigures {
    return {
      jobs: this.jobs,
      invocations: this.invocations,
      messages: this.messages / this.invocations,
      meanEnvironments: this.#runningMs / this.#measuredMs,
      mostEnvironments: this.#mostRunning,
      mostInFlight: this.#mostInFlight,
      lastEndedMs: this.lastEndedMs,
      visible: this.visible,
      heldBackBy: new Map([...this.#heldBackMs].map(([limit, ms]) => [limit, ms / this.#measuredMs])),
    };
  }
}
