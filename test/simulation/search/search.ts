import { runSchedule, type Outcome, type RunOptions } from "./random.ts";
import { ENABLED, type Hazard } from "./enabled.ts";
import { drawSchedule } from "./schedule.ts";

export interface Figures {
  schedules: number;
  calls: number;
  crashes: number;
  faults: number;
  reopenings: number;
  /** The longest time from a schedule's last fault until everything had healed. */
  healedInMs: number;
  /** The sum of all trace hashes (mod 2^32), in any order. Equal searches have equal digests, on any machine. */
  digest: number;
}

export const noFigures = (): Figures => ({
  schedules: 0,
  calls: 0,
  crashes: 0,
  faults: 0,
  reopenings: 0,
  healedInMs: 0,
  digest: 0,
});

export function addFigures(to: Figures, more: Figures): void {
  to.schedules += more.schedules;
  to.calls += more.calls;
  to.crashes += more.crashes;
  to.faults += more.faults;
  to.reopenings += more.reopenings;
  to.healedInMs = Math.max(to.healedInMs, more.healedInMs);
  to.digest = (to.digest + more.digest) >>> 0;
}

const figuresOf = ({ calls, crashes, healedInMs, reopenings, struck, traceHash }: Outcome): Figures => ({
  schedules: 1,
  calls,
  crashes,
  faults: struck.length,
  reopenings,
  healedInMs,
  digest: traceHash,
});

interface SearchOptions extends Pick<RunOptions, "onTelemetry"> {
  readonly hazards?: ReadonlySet<Hazard> | undefined;
  /** Only the schedules that have drawn this hazard are run. */
  readonly drawn?: Hazard | undefined;
}

/** Runs the seeds one after the other. @returns the first seed that violates an invariant, or undefined. */
export async function search(
  seeds: Iterable<number>,
  figures: Figures,
  { drawn, hazards, ...options }: SearchOptions = {},
): Promise<number | undefined> {
  for (const seed of seeds) {
    const schedule = drawSchedule(seed, hazards);
    if (drawn && !schedule.hazards.drawn.has(drawn)) continue;
    const outcome = await runSchedule(schedule, options);
    addFigures(figures, figuresOf(outcome));
    if (outcome.violation !== undefined) return seed;
  }
  return undefined;
}

export interface Smallest {
  readonly outcome: Outcome;
  /** Places in the schedule's list of faults: those that the failure needs. */
  readonly needed: readonly number[];
}

/** Leaves out one fault after the other for as long as the schedule still fails. */
export async function shrink(seed: number, run = runSchedule, hazards = ENABLED): Promise<Smallest> {
  const schedule = drawSchedule(seed, hazards);
  let outcome = await run(schedule);
  let needed = outcome.struck.map(({ index }) => index);
  for (let place = 0; place < needed.length;) {
    const fewer = needed.filter((_, at) => at !== place);
    const attempt = await run(schedule, { only: new Set(fewer) });
    if (attempt.violation === undefined) {
      place += 1;
      continue;
    }
    outcome = attempt;
    needed = fewer.filter((index) => attempt.struck.some((struck) => struck.index === index));
    place = 0;
  }
  return { outcome, needed };
}

/** The report of a failed seed: the violation, the smallest list of faults, and the command to replay it. */
export function describeFailure(seed: number, { needed, outcome }: Smallest, hazards = ENABLED): string {
  const chosen = hazards === ENABLED ? "" : ` --hazards ${[...hazards].join(",") || "none"}`;
  return [
    `Seed ${seed} violates an invariant: ${outcome.violation ?? "(not in this run)"}`,
    ...outcome.struck.map(({ index, what }) => `  ${index}: ${what}`),
    `Replay it: npm run simulate -- --replay ${seed} --only ${needed.join(",") || "none"}${chosen}`,
  ].join("\n");
}
