import type { TelemetryEvent } from "../../../core/telemetry/events.ts";
import { RetryableError } from "../../../core/model/errors.ts";
import { Violation } from "../oracle/invariants.ts";
import { isLong } from "../oracle/lane-watch.ts";
import { checkOutcome } from "../oracle/outcome.ts";
import type { Boundary, Fault } from "../services/process.ts";
import type { ProvenScenario } from "../scenarios/scenario-kinds.ts";
import {
  INVOCATION_MS,
  LEASE_TTL_MS,
  POLL_EVERY_MS,
  RECONCILE_EVERY_MS,
  REQUEUE_GRACE_MS,
  SETTINGS,
  VISIBILITY_MS,
} from "../services/settings.ts";
import { ENABLED } from "./enabled.ts";
import { Simulation } from "../simulation.ts";
import { Dice } from "../services/time.ts";

/** Long enough for the lease to expire, the reconciler to take it away, and another worker to finish the job. */
const ZOMBIE_MS = 40_000;

const outage = new RetryableError("outage", { failureClass: "system" });

/** The faults that may strike at a boundary. The first four are also combined in pairs. */
const MODES = {
  "crash before": { kind: "crash before" },
  "crash after": { kind: "crash after" },
  zombie: { kind: "freeze", forMs: ZOMBIE_MS },
  "zombie with a stopped clock": { kind: "freeze", forMs: ZOMBIE_MS, isClockStopped: true },
  outage: { kind: "fail before", error: outage },
  "answer lost": { kind: "fail after", error: outage },
  "asked again": { kind: "repeat" },
} as const satisfies Readonly<Record<string, Fault>>;
type Mode = keyof typeof MODES;
const ALL_MODES = Object.keys(MODES) as readonly Mode[];
const PAIRED_MODES = ALL_MODES.slice(0, 4);

/** After a fault, the scenario's own retry draws a new backoff. */
const JITTER_MS = SETTINGS.retry.baseMs;
/** For a job with a record: its lease expires, or its message turns out to be lost; then the reconciler runs. */
const REVIVED_WITHIN_MS = Math.max(LEASE_TTL_MS, REQUEUE_GRACE_MS) + RECONCILE_EVERY_MS + 2 * POLL_EVERY_MS + JITTER_MS;
/** For a job that nobody watches: its message is delivered again. A crash counts, so the next backoff may be longer. */
const REDELIVERED_WITHIN_MS = VISIBILITY_MS + 2 * POLL_EVERY_MS + 6 * JITTER_MS;

interface Strike {
  /** The nth call of a port in the run, counted over all processes. */
  readonly at: number;
  readonly mode: Mode;
}

interface StruckRun {
  readonly boundaries: readonly Boundary[];
  readonly struck: readonly Strike[];
  readonly violation: string | undefined;
  /** Whether a job was handed over to the long lane. */
  readonly handedOver: boolean;
  /** The sum of all fences: leases taken and taken away. */
  readonly fences: number;
  /** From the last fault, or from the start if there was none, until every job was finished. */
  readonly healingMs: number;
}

/** One run of a scenario with faults at the given boundaries. The same faults give the same run. */
async function runStruck(
  scenario: ProvenScenario,
  strikes: readonly Strike[],
  { undisturbedMs = Number.POSITIVE_INFINITY, onTelemetry }: RunOptions = {},
): Promise<StruckRun> {
  const struck: Strike[] = [];
  let lastFaultMs = 0;
  let finishedMs: number | undefined;
  let mostHealingMs = undisturbedMs;
  const ownFaultAt = ownFaults(scenario);
  const { hostWaitMs = 0 } = scenario;
  const simulation: Simulation = new Simulation({
    scenario: {
      ...scenario,
      onEvent: () => {
        scenario.onEvent?.(simulation);
        if (simulation.accepted.areFinished) finishedMs ??= simulation.elapsedMs;
      },
    },
    dice: new Dice(1),
    streamDice: new Dice(2),
    workers: 3,
    latencyMs: 50,
    attemptMs: 2 * INVOCATION_MS + hostWaitMs,
    faultsEndMs: 0,
    isOwedChecked: ENABLED.has("lost answer"),
    ...(scenario.skewMs && { skewMs: scenario.skewMs }),
    isWarm: scenario.isWarm === true,
    onTelemetry,
    faultAt: (at, boundary) => {
      const own = ownFaultAt(boundary);
      const strike = strikes.find((candidate) => candidate.at === at);
      if (!strike) return own;
      struck.push(strike);
      lastFaultMs = simulation.elapsedMs;
      const recoveredMs = simulation.accepted.areWatched ? REVIVED_WITHIN_MS : REDELIVERED_WITHIN_MS;
      mostHealingMs = undisturbedMs + recoveredMs + hostWaitMs;
      return MODES[strike.mode];
    },
  });
  const healingMs = (): number => Math.max(0, (finishedMs ?? simulation.elapsedMs) - lastFaultMs);
  const violation = await violationOf(async () => {
    await simulation.run();
    checkOutcome(scenario, simulation, { cost: costOf(strikes), zombies: zombiesIn(strikes) });
    if (struck.length < strikes.length) throw new Violation("the run never reached one of the boundaries to strike");
    if (healingMs() > mostHealingMs) throw new Violation(`healing took ${healingMs()} ms, more than ${mostHealingMs}`);
  });
  const { boundaries } = simulation;
  return {
    boundaries,
    struck,
    violation: violation && `${describe(scenario, strikes, boundaries)}: ${violation}`,
    handedOver: [...simulation.items.all.values()].some(isLong),
    fences: fencesOf(simulation),
    healingMs: healingMs(),
  };
}

interface RunOptions {
  /** How long the scenario takes without faults. */
  readonly undisturbedMs?: number;
  readonly onTelemetry?: ((event: TelemetryEvent) => void) | undefined;
}

/** A zombie with a stopped clock does not know that it stood still: it keeps fetching, and so does its successor. */
const costOf = (strikes: readonly Strike[]): number =>
  strikes.reduce((sum, { mode }) => sum + (mode === "zombie with a stopped clock" ? 2 : 1), 0);

const zombiesIn = (strikes: readonly Strike[]): number =>
  strikes.filter(({ mode }) => MODES[mode].kind === "freeze").length;

/** The scenario's own faults. Each strikes the nth call of its kind that a process makes. */
function ownFaults({ strikes = [] }: ProvenScenario): (boundary: Boundary) => Fault | undefined {
  const calls = new Map<string, number>();
  return ({ process, port, method }) => {
    const call = `${process} ${port}.${method}`;
    const nth = (calls.get(call) ?? 0) + 1;
    calls.set(call, nth);
    return strikes.find((strike) => call.startsWith(strike.of) && call.endsWith(strike.call) && nth === strike.nth)
      ?.fault;
  };
}

async function violationOf(run: () => Promise<void>): Promise<string | undefined> {
  try {
    await run();
    return undefined;
  } catch (error) {
    return error instanceof Violation ? error.message : `an error of the simulation: ${String(error)}`;
  }
}

const fencesOf = ({ items }: Simulation): number =>
  [...items.all.values()].reduce((sum, { fence }) => sum + (typeof fence === "number" ? fence : 0), 0);

function describe({ name }: ProvenScenario, strikes: readonly Strike[], boundaries: readonly Boundary[]): string {
  const faults = strikes.map(({ at, mode }) => {
    const boundary = boundaries[at - 1];
    return `${mode} at ${at} (${boundary ? `${boundary.process} ${boundary.port}.${boundary.method}` : "?"})`;
  });
  return [name, ...faults].join(", ");
}

export interface Coverage {
  readonly scenario: string;
  readonly boundaries: number;
  /** By mode: the boundaries struck, and below, those that the mode can strike. */
  readonly struck: Readonly<Record<Mode, number>>;
  readonly strikable: Readonly<Record<Mode, number>>;
  /** Frozen workers whose job was taken over while they stood still. */
  readonly takenOver: number;
  readonly violations: readonly string[];
}

interface UndisturbedRun extends StruckRun {
  readonly violations: readonly string[];
}

/** Runs the scenario without additional faults. */
export async function runUndisturbed(
  scenario: ProvenScenario,
  onTelemetry?: (event: TelemetryEvent) => void,
): Promise<UndisturbedRun> {
  const run = await runStruck(scenario, [], { onTelemetry });
  const violations = [run.violation, checkUndisturbed(scenario, run)].filter((violation) => violation !== undefined);
  return { ...run, violations };
}

/** Strikes every boundary of the undisturbed run, in every mode. */
export async function runSingles(
  scenario: ProvenScenario,
  onTelemetry?: (event: TelemetryEvent) => void,
): Promise<Coverage> {
  const undisturbed = await runUndisturbed(scenario, onTelemetry);
  const undisturbedMs = undisturbed.healingMs;
  const violations = [...undisturbed.violations];
  const count = (ofMode: (mode: Mode) => number) =>
    Object.fromEntries(ALL_MODES.map((mode) => [mode, ofMode(mode)])) as Record<Mode, number>;
  const strikable = count((mode) => undisturbed.boundaries.filter((boundary) => mayStrike(mode, boundary)).length);
  const struck = count(() => 0);
  let takenOver = 0;
  const isSound = violations.length === 0;
  for (const strike of isSound ? strikesFrom(1, undisturbed.boundaries, ALL_MODES) : []) {
    const run = await runStruck(scenario, [strike], { undisturbedMs, onTelemetry });
    struck[strike.mode] += run.struck.length;
    if (run.fences > undisturbed.fences && MODES[strike.mode].kind === "freeze") takenOver += 1;
    // A lost answer of the table, requested again, leaves nothing to recover.
    const isHarmless = strike.mode === "asked again" && undisturbed.boundaries[strike.at - 1]?.port === "items";
    const mended = isHarmless ? checkNothingToMend(scenario, run) : undefined;
    const violation = run.violation ?? mended;
    if (violation !== undefined) violations.push(violation);
  }
  return {
    scenario: scenario.name,
    boundaries: undisturbed.boundaries.length,
    struck,
    strikable,
    takenOver,
    violations,
  };
}

function* strikesFrom(first: number, boundaries: readonly Boundary[], modes: readonly Mode[]): Generator<Strike> {
  for (const [index, boundary] of boundaries.entries()) {
    if (index + 1 < first) continue;
    for (const mode of modes) if (mayStrike(mode, boundary)) yield { at: index + 1, mode };
  }
}

/** Only the AWS SDK repeats a request by itself. A request to an origin is never repeated. */
const mayStrike = (mode: Mode, { port }: Boundary): boolean => mode !== "asked again" || port !== "http";

function checkUndisturbed(scenario: ProvenScenario, run: StruckRun): string | undefined {
  const { handsOver = false, name, leastMs = 0, mostMs = Infinity } = scenario;
  if (run.handedOver !== handsOver) return `${name}: a job was ${handsOver ? "not " : ""}handed over`;
  if (run.healingMs < leastMs) return `${name}: the origin was asked again before ${leastMs} ms`;
  if (run.healingMs > mostMs) return `${name}: it took ${run.healingMs} ms, more than ${mostMs}`;
  return checkCalls(scenario, run) ?? checkNothingToMend(scenario, run);
}

function checkCalls({ calls = {}, name }: ProvenScenario, { boundaries }: StruckRun): string | undefined {
  const made = boundaries.map(({ method, port, process }) => `${process.replace(/\d+$/, "")} ${port}.${method}`);
  const wrong = Object.entries(calls)
    .map(([call, times]) => ({ call, times, found: made.filter((each) => each === call).length }))
    .filter(({ found, times }) => found !== times);
  if (wrong.length === 0) return undefined;
  return `${name}: ${wrong.map(({ call, times, found }) => `${call} ${found} times, not ${times}`).join(", ")}`;
}

/** If nothing went wrong, workers leave nothing for the reconciler to do but to dispatch what they parked. */
function checkNothingToMend(scenario: ProvenScenario, { boundaries }: StruckRun): string | undefined {
  const { cancels, dispatches = 0, name, strikes, skewMs } = scenario;
  if (strikes ?? skewMs ?? cancels) return undefined;
  const done = boundaries
    .filter(({ process }) => process.startsWith("reconciler"))
    .map(({ method, port }) => `${port}.${method}`)
    .filter((call) => /\.(write|send|delete|abortUpload)$/.test(call));
  if (done.length === 2 * dispatches && done.every((call) => call === "items.write" || call === "queue.send"))
    return undefined;
  return `${name}: nothing went wrong, but the reconciler had to call ${done.join(", ") || "nothing"}`;
}

export interface Pairs {
  readonly pairs: number;
  readonly violations: readonly string[];
}

export interface Progress extends Pairs {
  readonly scenario: string;
}

export interface PairsOptions {
  readonly onProgress?: (progress: Progress) => void;
  /** Takes every `of`th first fault, starting with the `index`th. All shards together run all pairs. */
  readonly shard?: { readonly index: number; readonly of: number };
}

/** Combines every first fault with every second one at a later boundary of the run that follows the first. */
export async function runPairs(
  scenarios: readonly ProvenScenario[],
  { onProgress, shard = { index: 0, of: 1 } }: PairsOptions = {},
): Promise<Pairs> {
  const violations: string[] = [];
  let pairs = 0;
  let firsts = 0;
  for (const scenario of scenarios) {
    const undisturbed = await runStruck(scenario, []);
    const undisturbedMs = undisturbed.healingMs;
    for (const first of strikesFrom(1, undisturbed.boundaries, PAIRED_MODES)) {
      if (firsts++ % shard.of !== shard.index) continue;
      const alone = await runStruck(scenario, [first]);
      for (const second of strikesFrom(first.at + 1, alone.boundaries, PAIRED_MODES)) {
        const { violation } = await runStruck(scenario, [first, second], { undisturbedMs });
        pairs += 1;
        if (violation !== undefined) violations.push(violation);
      }
    }
    onProgress?.({ scenario: scenario.name, pairs, violations });
  }
  return { pairs, violations };
}
