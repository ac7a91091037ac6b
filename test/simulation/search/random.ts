import type { TelemetryEvent } from "../../../core/telemetry/events.ts";
import { jobIdOf } from "../../../core/model/keys.ts";
import { Violation } from "../oracle/violation.ts";
import type { OriginAnswer } from "../services/origin.ts";
import type { Boundary, Fault } from "../services/process.ts";
import type { Lasting } from "../services/lasting.ts";
import type { OriginQuestion, Scenario } from "../scenarios/scenario.ts";
import { Judge } from "./judge.ts";
import type { Schedule } from "./schedule.ts";
import type { PlannedFault } from "./shape.ts";
import { LOOKS_EVERY_MS } from "../services/settings.ts";
import { Simulation } from "../simulation.ts";
import { Dice } from "../services/time.ts";
import { drawLasting } from "./hazards.ts";
import { attemptMs, HOST_PATIENCE_MS, lastingAttempts, waitsForClocks } from "./budgets.ts";
import { soonAtTable, type Scene } from "./fault-kinds.ts";
import { strike, WORST_SKEW_MS } from "./random-faults.ts";
import type { TargetedFault } from "./enabled.ts";
import { fits } from "./targeted-faults.ts";

export interface Outcome {
  readonly violation: string | undefined;
  /** What struck, in order. `index` is the place in the schedule's list of faults. */
  readonly struck: readonly { readonly index: number; readonly what: string }[];
  readonly traceHash: number;
  readonly calls: number;
  readonly crashes: number;
  /** How often an operator reopened a failed job. */
  readonly reopenings: number;
  readonly healedInMs: number;
}

export interface RunOptions {
  readonly trace?: (line: string) => void;
  readonly onTelemetry?: (event: TelemetryEvent) => void;
  /** Places in the schedule's list of faults: only these strike. All strike if undefined. */
  readonly only?: ReadonlySet<number>;
  /** Told of the world as it is at the end. */
  readonly onEnd?: (simulation: Simulation) => void;
}

export async function runSchedule(schedule: Schedule, options: RunOptions = {}): Promise<Outcome> {
  const run = new RandomRun(schedule, options);
  let violation: string | undefined;
  try {
    await run.toTheEnd();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    violation = error instanceof Violation ? error.message : `${error.name}: ${error.message}`;
  }
  const { simulation, struck } = run;
  options.onEnd?.(simulation);
  return {
    violation,
    struck,
    traceHash: simulation.traceHash,
    calls: simulation.boundaries.length,
    crashes: simulation.crashes,
    reopenings: simulation.reopenings,
    healedInMs: run.healedInMs,
  };
}

/** Separate random streams, so that latencies and the table's stream do not depend on how the schedule was drawn. */
const latencySeed = (seed: number): number => seed + 2 ** 52;
const streamSeed = (seed: number): number => seed + 2 ** 51;

/** A wait that an origin asks for is lengthened by a tenth at most. */
const WITH_JITTER = 1.1;

type Restless = Lasting & { readonly kind: "restless origin" };
type Waiting = Omit<PlannedFault, "of"> & { readonly of: TargetedFault | undefined; readonly index: number };

class RandomRun {
  readonly simulation: Simulation;
  readonly struck: { readonly index: number; readonly what: string }[] = [];
  healedInMs = 0;
  readonly #schedule: Schedule;
  readonly #waiting: Waiting[];
  /** Faults that strike only calls of their own kind. */
  readonly #targeted: Waiting[];
  readonly #lasting: Lasting | undefined;
  readonly #mayCloseGate: boolean;
  readonly #answers = new Map<string, OriginAnswer[]>();
  /** Clock offsets in ms from the true time: the reconciler's machine first, then the workers' machines. */
  #clocks: readonly number[] = [0];
  #processes = 0;
  #jumpedMs = 0;

  constructor(schedule: Schedule, { only, trace, onTelemetry }: RunOptions) {
    const { seed, shape, faults, hazards } = schedule;
    this.#schedule = schedule;
    const waiting = faults
      .map(({ at, seed: own, of }, index) => ({ at, seed: own, of, index }))
      .filter(({ index }) => only?.has(index) ?? true);
    this.#mayCloseGate = shape.gate < 100 || faults.some(({ of }) => of === "gate turned");
    this.#waiting = waiting.filter(({ of }) => of === undefined);
    this.#targeted = waiting.filter(({ of }) => of !== undefined);
    if (this.#waiting[0]?.at === 0) this.#setClocks();
    this.#lasting = this.#drawnFor("lasting", (dice) => drawLasting(dice, shape, hazards.crowd !== undefined));
    this.simulation = new Simulation({
      scenario: this.#scenario(),
      dice: new Dice(latencySeed(seed)),
      streamDice: new Dice(streamSeed(seed)),
      workers: shape.workers,
      latencyMs: shape.latencyMs,
      // A job that is handed over is attempted in both lanes.
      attemptMs:
        attemptMs(shape, hazards.mostRanges) * (hazards.shortLane ? 2 : 1) +
        (hazards.hostRules.length + hazards.hostChanges.length > 0 ? HOST_PATIENCE_MS : 0),
      areClocksEqual: () => this.#jumpedMs === 0 && this.#clocks.every((offMs) => offMs === 0),
      clocksDifferMs: () => this.#clocksDifferMs(),
      faultAt: (nth, boundary) => this.#faultAt(nth, boundary),
      skewMs: (role) => this.#skewOf(role),
      faultsEndMs: 0,
      lasting: this.#lasting,
      limits: schedule.hazards.limits,
      mayLandLate: schedule.hazards.mayLandLate,
      isWarm: schedule.hazards.warm !== undefined,
      queue: schedule.hazards.queue,
      lagMs: schedule.hazards.lagMs,
      lastMessageAfterMs: schedule.hazards.lastMessageAfterMs,
      isOwedChecked: schedule.hazards.isOwedChecked,
      lastingAttempts: lastingAttempts(shape, this.#lasting),
      ...(trace && { trace }),
      onTelemetry,
    });
  }

  /** A process whose clock has jumped meets a job once, unless it lives on after its invocation. */
  #clocksDifferMs(): number {
    const waits = waitsForClocks(this.#schedule);
    const differMs = Math.max(0, ...this.#clocks) - Math.min(0, ...this.#clocks);
    return waits * differMs + (this.#schedule.hazards.warm ? waits : 1) * this.#jumpedMs;
  }

  async toTheEnd(): Promise<void> {
    const { absentFirst, finalDuplicates, messages, operatorAtMs } = this.#schedule.shape;
    await this.#heal();
    for (let visits = 0; operatorAtMs.length > 0 && visits <= absentFirst; visits++) {
      this.simulation.operators.redriveAfter(0);
      await this.#heal();
    }
    for (const message of messages.slice(0, finalDuplicates)) {
      const body = typeof message === "string" ? message : JSON.stringify(message);
      this.simulation.deliverAgain(body, this.#schedule.hazards.warm?.duplicatesAfterMs);
      await this.#heal();
    }
    // The dead-letter queue forgets before the table does.
    if (this.#schedule.hazards.queue) {
      this.simulation.operators.redriveLetters();
      await this.#heal();
    }
    const { expiry } = this.#schedule.hazards;
    if (expiry) {
      for (const message of messages) {
        if (typeof message !== "string") this.simulation.deliverAgain(JSON.stringify(message), expiry.duplicateAfterMs);
      }
      this.simulation.expireAfter(expiry.removedAfterMs);
      await this.#heal();
    }
    new Judge(this.#schedule, this.simulation, this.struck).judge();
  }

  async #heal(): Promise<void> {
    await this.simulation.run();
    this.healedInMs = Math.max(this.healedInMs, this.simulation.healedInMs);
  }

  #scenario(): Scenario {
    const { deadlineBufferMs, gate, messages, mostBrokenConnections, operatorAtMs, resources } = this.#schedule.shape;
    const { cancels, hostChanges, hostRules, mostRanges, reopensCancelled, rulesUnreadable, shortLane } =
      this.#schedule.hazards;
    const jobs = messages.filter((message) => typeof message !== "string");
    const looksEveryMs = cancels.length > 0 ? LOOKS_EVERY_MS : 0;
    return {
      messages,
      operatorAtMs,
      hostChanges,
      rulesUnreadable,
      settings: { deadlineBufferMs, hostRules, looksEveryMs, mostBrokenConnections, mostRanges, shortLane },
      cancels: cancels.map(({ atMs, jobs: count }) => ({ atMs, messages: jobs.slice(-count) })),
      reopensCancelled,
      ...(gate < 100 && { gate }),
      prepare: (origin) => {
        for (const [url, resource] of resources) {
          origin.resources.set(url, { ...resource, versions: [...resource.versions] });
        }
      },
      answer: (question, nth) => this.#answerTo(question, nth),
    };
  }

  #answerTo({ method, url }: OriginQuestion, nth: number): OriginAnswer {
    if (method === "GET" && nth <= this.#schedule.shape.absentFirst) return { kind: "status", status: 404 };
    if (method === "GET" && this.#lasting?.kind === "restless origin") {
      const restless = this.#restlessAnswer(this.#lasting, url, nth);
      if (restless) return restless;
    }
    const answer = this.#answers.get(method)?.shift();
    if (!answer) return { kind: "body" };
    const retryAfterS = answer.kind === "status" ? answer.retryAfterS : undefined;
    this.simulation.extendFaults((retryAfterS ?? 0) * 1000 * WITH_JITTER);
    return answer;
  }

  /** Every body is cut, and each second GET gets another version: a client may go on once, and must start over then. */
  #restlessAnswer({ jobId, afterBytes }: Restless, url: string, nth: number): OriginAnswer | undefined {
    const { messages } = this.#schedule.shape;
    if (!messages.some((each) => typeof each !== "string" && each.url === url && jobIdOf(each) === jobId))
      return undefined;
    const versions = this.simulation.origin.resources.get(url)?.versions;
    const present = versions?.at(-1) ?? Buffer.alloc(0);
    if (nth > 1 && nth % 2 === 1) versions?.push(Buffer.from(present.map((byte) => byte ^ 3)));
    return { kind: "body", fault: { kind: "cut", afterBytes } };
  }

  #setClocks(): void {
    const planned = this.#waiting.shift();
    const dice = new Dice(planned?.seed ?? 0);
    this.#clocks = Array.from({ length: 3 }, () => dice.between(-WORST_SKEW_MS, WORST_SKEW_MS));
    this.struck.push({ index: planned?.index ?? 0, what: `the clocks are off by ${this.#clocks.join(", ")} ms` });
  }

  /** Something of the whole run that the schedule draws like a fault, so that it can be left out like one. */
  #drawnFor<T>(hazard: TargetedFault, draw: (dice: Dice) => T): T | undefined {
    const place = this.#targeted.findIndex(({ at, of }) => at === 0 && of === hazard);
    const [planned] = place < 0 ? [] : this.#targeted.splice(place, 1);
    if (!planned) return undefined;
    const drawn = draw(new Dice(planned.seed));
    this.struck.push({ index: planned.index, what: `${hazard}: ${JSON.stringify(drawn)}` });
    return drawn;
  }

  #skewOf(role: string): number {
    const [reconciler = 0, ...workers] = this.#clocks;
    if (role === "reconciler") return reconciler;
    if (role === "operator") return workers[0] ?? 0;
    this.#processes += 1;
    return workers[this.#processes % workers.length] ?? 0;
  }

  #faultAt(nth: number, boundary: Boundary): Fault | undefined {
    const planned = this.#plannedAt(nth, boundary);
    if (!planned) return undefined;
    const struck = strike(this.#scene(new Dice(planned.seed)), boundary, planned.of);
    const fault = this.#mayCloseGate ? soonAtTable(struck.fault, boundary.port) : struck.fault;
    if (fault?.kind === "clock jump") this.#jumpedMs += Math.abs(fault.byMs);
    if (fault?.kind === "freeze" && fault.isClockStopped === true) this.#jumpedMs += fault.forMs;
    const { process, port, method } = boundary;
    this.struck.push({ index: planned.index, what: `${struck.what} at call ${nth}, ${process} ${port}.${method}` });
    this.simulation.extendFaults(0);
    return fault;
  }

  #plannedAt(nth: number, boundary: Boundary): Waiting | undefined {
    const next = this.#waiting[0];
    if (next && next.at <= nth) return this.#waiting.shift();
    if (this.#targeted.length === 0) return undefined;
    const place = this.#targeted.findIndex(({ at, of }) => at <= nth && of !== undefined && fits(of, boundary));
    return place < 0 ? undefined : this.#targeted.splice(place, 1)[0];
  }

  #scene(dice: Dice): Scene {
    const { digests, resources } = this.#schedule.shape;
    const isAnnounced = [...resources.values()].every(({ announcesDigest }) => announcesDigest === true);
    const isDigestKnown = digests !== "none" || isAnnounced;
    return {
      simulation: this.simulation,
      dice,
      isDigestKnown,
      isBodyChecked: isDigestKnown || [...resources.values()].every(({ isChunked }) => !isChunked),
      answerWith: (method, answer) => {
        this.#answers.set(method, [...(this.#answers.get(method) ?? []), answer]);
      },
    };
  }
}
