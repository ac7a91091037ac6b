import { createHash } from "node:crypto";
import type { TelemetryEvent } from "../../core/events.ts";
import { contentKey, jobIdOf, jobItemKey } from "../../core/keys.ts";
import type { JobMessage } from "../../core/message.ts";
import { decodeJob } from "../../core/record-codec.ts";
import { Violation } from "./invariants.ts";
import { PIECE_BYTES, type OriginAnswer, type Resource } from "./origin.ts";
import type { Boundary, Fault } from "./process.ts";
import { INVOCATION_MS, PART_BYTES } from "./settings.ts";
import { Simulation, type Scenario } from "./simulation.ts";
import { Dice } from "./time.ts";
import { strike, WORST_SKEW_MS, type Scene } from "./troubles.ts";

/** What a schedule is, apart from what strikes it; all drawn from the seed. */
interface Shape {
  readonly messages: readonly (JobMessage | string)[];
  readonly resources: ReadonlyMap<string, Resource>;
  readonly digests: "none" | "right" | "wrong";
  readonly gate: number;
  readonly deadlineBufferMs: number;
  readonly workers: number;
  readonly latencyMs: number;
  /** Duplicates of what is finished, delivered when all is quiet. */
  readonly encores: number;
}

/** Something strikes at the nth call of a port; what, a seed of its own decides, so that each can be left out alone. */
interface Trouble {
  readonly at: number;
  readonly seed: number;
}

export interface Schedule {
  readonly seed: number;
  readonly shape: Shape;
  readonly troubles: readonly Trouble[];
}

export interface Outcome {
  readonly violation: string | undefined;
  /** What struck, in order, and by which of the schedule's troubles. */
  readonly struck: readonly { readonly index: number; readonly what: string }[];
  readonly traceHash: number;
  readonly calls: number;
  readonly crashes: number;
  readonly healedInMs: number;
}

const LENGTHS = [0, 1, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 2 * PART_BYTES, 3 * PART_BYTES + 4, 6 * PART_BYTES];
const urlOf = (artifact: string): string => `https://origin.example/${artifact}`;
const sha256Of = (body: string | Buffer): string => createHash("sha256").update(body).digest("hex");

function drawShape(dice: Dice): Shape {
  const digests = dice.pick(["none", "none", "none", "right", "right", "wrong"] as const);
  const artifacts = ["a", "b", "c"].slice(0, dice.pick([1, 1, 1, 2, 2, 3]));
  const resources = new Map<string, Resource>();
  const messages: (JobMessage | string)[] = dice.chance(0.05) ? ["not a message"] : [];
  let body: Buffer = Buffer.alloc(0);
  for (const artifact of artifacts) {
    if (messages.length === 0 || !dice.chance(0.3)) body = drawBody(dice, artifact);
    const digest = { sha256: sha256Of(digests === "wrong" ? `not ${artifact}` : body) };
    messages.push({ work_id: "work", artifact_id: artifact, url: urlOf(artifact), ...(digests !== "none" && digest) });
    resources.set(urlOf(artifact), {
      versions: [body],
      validators: dice.pick(["strong", "strong", "strong", "weak", "none"]),
      ranges: dice.chance(0.8),
      isChunked: dice.chance(0.15),
    });
  }
  const latencyMs = dice.pick([2, 20, 100, 300]);
  return {
    messages,
    resources,
    digests,
    gate: dice.chance(0.06) ? dice.pick([0, 50]) : 100,
    deadlineBufferMs: isResumable(resources) && dice.chance(0.2) ? INVOCATION_MS - 20 * latencyMs : 10_000,
    workers: dice.between(1, 3),
    latencyMs,
    encores: dice.chance(0.3) ? 1 : 0,
  };
}

/** Only then does a file that takes longer than an invocation get anywhere. */
const isResumable = (resources: ReadonlyMap<string, Resource>): boolean =>
  [...resources.values()].every(({ isChunked, ranges, validators }) => !isChunked && ranges && validators === "strong");

function drawBody(dice: Dice, artifact: string): Buffer {
  const letters: string = Array.from({ length: dice.pick(LENGTHS) }, (_, at) => `${artifact}${at % 7}`).join("");
  return Buffer.from(letters.slice(0, letters.length / 2));
}

/** Clocks that differ come first; then few or many troubles, close together or far apart. */
function drawTroubles(dice: Dice): readonly Trouble[] {
  const clocks = dice.chance(0.3) ? [{ at: 0, seed: dice.below(2 ** 32) }] : [];
  const count = dice.pick([0, 1, 1, 2, 2, 3, 4, 6, 9, 14]);
  const gap = dice.pick([3, 12, 40]);
  let at = 0;
  const strikes = Array.from({ length: count }, () => {
    at += 1 + dice.below(gap);
    return { at, seed: dice.below(2 ** 32) };
  });
  return [...clocks, ...strikes];
}

/** @returns always the same for the same seed, on any machine. */
export function drawSchedule(seed: number): Schedule {
  const dice = new Dice(seed);
  return { seed, shape: drawShape(dice), troubles: drawTroubles(dice) };
}

export interface RunOptions {
  readonly trace?: (line: string) => void;
  readonly onTelemetry?: (event: TelemetryEvent) => void;
  /** Of the schedule's troubles, only these. */
  readonly only?: ReadonlySet<number>;
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
  return {
    violation,
    struck,
    traceHash: simulation.traceHash,
    calls: simulation.boundaries.length,
    crashes: simulation.crashes,
    healedInMs: run.healedInMs,
  };
}

/** What was received and is not yet behind a checkpoint: two parts under way, one being read, a piece. */
const IN_FLIGHT_BYTES = 3 * PART_BYTES + PIECE_BYTES;
/** Another version, a body or a range that cannot be believed, a staged object that is gone. */
const MAKES_START_OVER = /changeVersion|"(wrong length|wrong range|short|long|corrupt)"|staged_object_gone/;

/** A seed's second stream: how long calls take does not depend on how the schedule was drawn. */
const latencySeed = (seed: number): number => seed + 2 ** 52;

class RandomRun {
  readonly simulation: Simulation;
  readonly struck: { readonly index: number; readonly what: string }[] = [];
  healedInMs = 0;
  readonly #schedule: Schedule;
  readonly #waiting: (Trouble & { readonly index: number })[];
  readonly #answers = new Map<string, OriginAnswer[]>();
  /** Of the machines that run the reconciler and the workers, against the true time. */
  #clocks: readonly number[] = [0];
  #processes = 0;
  #jumpedMs = 0;

  constructor(schedule: Schedule, { only, trace, onTelemetry }: RunOptions) {
    const { seed, shape, troubles } = schedule;
    this.#schedule = schedule;
    this.#waiting = troubles
      .map(({ at, seed: own }, index) => ({ at, seed: own, index }))
      .filter(({ index }) => only?.has(index) ?? true);
    if (this.#waiting[0]?.at === 0) this.#setClocks();
    this.simulation = new Simulation({
      scenario: this.#scenario(),
      dice: new Dice(latencySeed(seed)),
      workers: shape.workers,
      latencyMs: shape.latencyMs,
      attemptMs: attemptMs(shape),
      clocksDifferMs: () => 2 * (Math.max(0, ...this.#clocks) - Math.min(0, ...this.#clocks)) + this.#jumpedMs,
      faultAt: (nth, boundary) => this.#faultAt(nth, boundary),
      skewMs: (role) => this.#skewOf(role),
      faultsEndMs: 0,
      ...(trace && { trace }),
      onTelemetry,
    });
  }

  async toTheEnd(): Promise<void> {
    const { encores, messages } = this.#schedule.shape;
    await this.#heal();
    for (const message of messages.slice(0, encores)) {
      this.simulation.deliverAgain(typeof message === "string" ? message : JSON.stringify(message));
      await this.#heal();
    }
    for (const message of messages) if (typeof message !== "string") this.#checkEnd(message);
    this.#checkRefetched();
  }

  async #heal(): Promise<void> {
    await this.simulation.run();
    this.healedInMs = Math.max(this.healedInMs, this.simulation.healedInMs);
  }

  #scenario(): Scenario {
    const { deadlineBufferMs, gate, messages, resources } = this.#schedule.shape;
    return {
      messages,
      settings: { deadlineBufferMs },
      ...(gate < 100 && { gate }),
      prepare: (origin) => {
        for (const [url, resource] of resources) {
          origin.resources.set(url, { ...resource, versions: [...resource.versions] });
        }
      },
      answer: ({ method }) => this.#answerTo(method),
    };
  }

  #answerTo(method: string): OriginAnswer {
    const answer = this.#answers.get(method)?.shift();
    if (!answer) return { kind: "body" };
    const retryAfterS = answer.kind === "status" ? answer.retryAfterS : undefined;
    this.simulation.troubleFor((retryAfterS ?? 0) * 1000);
    return answer;
  }

  #setClocks(): void {
    const trouble = this.#waiting.shift();
    const dice = new Dice(trouble?.seed ?? 0);
    this.#clocks = Array.from({ length: 3 }, () => dice.between(-WORST_SKEW_MS, WORST_SKEW_MS));
    this.struck.push({ index: trouble?.index ?? 0, what: `the clocks are off by ${this.#clocks.join(", ")} ms` });
  }

  #skewOf(role: string): number {
    const [reconciler = 0, ...workers] = this.#clocks;
    if (role === "reconciler") return reconciler;
    this.#processes += 1;
    return workers[this.#processes % workers.length] ?? 0;
  }

  #faultAt(nth: number, boundary: Boundary): Fault | undefined {
    const trouble = this.#waiting[0];
    if (!trouble || trouble.at > nth) return undefined;
    this.#waiting.shift();
    const { what, fault } = strike(this.#scene(new Dice(trouble.seed)), boundary);
    if (fault?.kind === "clock jump") this.#jumpedMs += Math.abs(fault.byMs);
    const { process, port, method } = boundary;
    this.struck.push({ index: trouble.index, what: `${what} at call ${nth}, ${process} ${port}.${method}` });
    this.simulation.troubleFor(0);
    return fault;
  }

  #scene(dice: Dice): Scene {
    const { digests, resources } = this.#schedule.shape;
    const isDigestKnown = digests !== "none";
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

  /** As it should be: published as one of the versions that its own URL had, or failed for a reason that was given. */
  #checkEnd(message: JobMessage): void {
    const { blobs, items, origin } = this.simulation;
    const item = items.all.get(jobItemKey(jobIdOf(message)));
    if (!item) return;
    const { state, reason = "", transfer } = decodeJob(item);
    if (state === "FAILED") {
      if (!this.#mayFail(reason)) throw new Violation(`${message.artifact_id} failed for no reason: ${reason}`);
      return;
    }
    const versions = origin.resources.get(message.url)?.versions ?? [];
    const published = blobs.contentObjects.get(contentKey(transfer?.sha256 ?? ""));
    if (!versions.some((version) => published?.body.equals(version)))
      throw new Violation(`${message.artifact_id} is ${state}, but no version of it is published`);
    if (message.sha256 !== undefined && message.sha256 !== transfer?.sha256)
      throw new Violation(`${message.artifact_id} is ${state} under another digest than the one expected`);
  }

  /** A GET after the first asks for what was in flight when the one before it ended, and for no more. */
  #checkRefetched(): void {
    const { gate, resources } = this.#schedule.shape;
    if (gate < 100 || !isResumable(resources) || this.struck.some(({ what }) => MAKES_START_OVER.test(what))) return;
    const { bytesServed, requests } = this.simulation.origin;
    const gets = requests.filter(({ method }) => method === "GET").length;
    const bytes = [...resources.values()].reduce((sum, { versions }) => sum + (versions[0]?.length ?? 0), 0);
    const allowed = Math.max(0, gets - resources.size) * IN_FLIGHT_BYTES;
    if (bytesServed - bytes > allowed)
      throw new Violation(`${bytesServed - bytes} bytes were fetched again; ${gets} GETs allow ${allowed}`);
  }

  /** Trouble that came again and again may use the attempts up, and nothing less. */
  #mayFail(reason: string): boolean {
    if (reason === "digest_mismatch") return this.#schedule.shape.digests !== "none";
    return reason.startsWith("retries_exhausted:") && this.struck.length > 0;
  }
}

/** Calls of one attempt at the largest body, one after the other; and the wait before it is tried once more. */
const CALLS_OF_AN_ATTEMPT = 60;
const attemptMs = ({ latencyMs }: Shape): number => CALLS_OF_AN_ATTEMPT * 2 * latencyMs + 10_000;
