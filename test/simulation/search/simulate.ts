/** `npm run simulate`: searches random schedules, replays one schedule, or runs every ordered pair of faults. */
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { fork } from "node:child_process";
import { randomInt } from "node:crypto";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { checkEvent } from "../../event-check.ts";
import { ENABLED, HAZARDS, type Hazard } from "./enabled.ts";
import { runPairs, type Pairs, type PairsOptions, type Progress } from "./exhaustive.ts";
import { quicken } from "./quicken.ts";
import { runSchedule } from "./random.ts";
import { drawSchedule } from "./schedule.ts";
import { SCENARIOS } from "../scenarios/scenarios.ts";
import type { SearchReport, SearchShare } from "./search-worker.ts";
import { addFigures, describeFailure, noFigures, shrink, type Figures } from "./search.ts";

const WRONG_USAGE = 2;
const MS = 1000;
/** Almost all garbage of a schedule dies with the schedule. Collecting it less often saves a seventh of the time. */
const LARGE_YOUNG_GENERATION = "--max-semi-space-size=32";

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const grouped = (count: number): string => count.toLocaleString("en-US");

interface Search {
  readonly figures: Figures;
  readonly failedSeed: number | undefined;
}

interface SearchedHazards {
  readonly hazards: ReadonlySet<Hazard>;
  /** Only the schedules that have drawn it are run. */
  readonly drawn: Hazard | undefined;
}

/** Gives each core an equal share of the seeds, and stops at the first seed that fails. */
async function searchOnAllCores(first: number, count: number, { drawn, hazards }: SearchedHazards): Promise<Search> {
  const step = Math.min(availableParallelism(), count);
  const figures = noFigures();
  let failedSeed: number | undefined;
  const workers = Array.from({ length: step }, (_, place) => {
    const share: SearchShare = { first: first + place, step, end: first + count, hazards: [...hazards], drawn };
    return fork(new URL("search-worker.ts", import.meta.url), [JSON.stringify(share)], {
      execArgv: [...process.execArgv, LARGE_YOUNG_GENERATION],
    });
  });
  await Promise.all(
    workers.map(
      async (worker) =>
        new Promise<void>((resolve, reject) => {
          worker.on("message", (report: SearchReport) => {
            addFigures(figures, report.figures);
            failedSeed ??= report.failedSeed;
            if (report.failedSeed !== undefined) for (const each of workers) each.kill();
          });
          worker.once("error", reject).once("exit", (code) => {
            if (code === 0 || failedSeed !== undefined) resolve();
            else reject(new Error(`A search process ended with ${code ?? "a signal"}; its output is above.`));
          });
        }),
    ),
  );
  return { figures, failedSeed };
}

async function searchFor(schedules: number, seed: number, searched: SearchedHazards): Promise<boolean> {
  const { drawn, hazards } = searched;
  say(`${grouped(schedules)} schedules from seed ${seed} on${drawn === undefined ? "" : `, those with ${drawn}`}`);
  const startMs = performance.now();
  const { failedSeed, figures } = await searchOnAllCores(seed, schedules, searched);
  const seconds = (performance.now() - startMs) / MS;
  const each = (total: number): string => (total / figures.schedules).toFixed(1);
  if (failedSeed !== undefined)
    say(describeFailure(failedSeed, await shrink(failedSeed, runSchedule, hazards), hazards));
  say(
    [
      `${grouped(figures.schedules)} schedules in ${seconds.toFixed(0)} s (${grouped(Math.round(figures.schedules / seconds))} a second)`,
      `${each(figures.calls)} calls, ${each(figures.faults)} faults, ${each(figures.crashes)} crashes each; ${grouped(figures.reopenings)} failed jobs reopened`,
      `trace digest ${figures.digest.toString(16).padStart(8, "0")}`,
      failedSeed === undefined ? "0 violations" : "1 violation",
    ].join("; "),
  );
  return failedSeed === undefined;
}

/** Runs the schedule twice, the second time with its trace. Different traces are a violation as well. */
async function replay(
  seed: number,
  only: ReadonlySet<number> | undefined,
  hazards: ReadonlySet<Hazard>,
): Promise<boolean> {
  const schedule = drawSchedule(seed, hazards);
  const before = await runSchedule(schedule, only && { only });
  const outcome = await runSchedule(schedule, {
    trace: say,
    onTelemetry: checkEvent,
    ...(only && { only }),
  });
  for (const { index, what } of outcome.struck) say(`fault ${index}: ${what}`);
  const isSame = before.traceHash === outcome.traceHash;
  const isGood = isSame && outcome.violation === undefined;
  say(
    [
      `seed ${seed}: ${outcome.calls} calls, ${outcome.struck.length} faults, ${outcome.crashes} crashes`,
      `trace hash ${outcome.traceHash.toString(16).padStart(8, "0")}, ${isSame ? "the same in both runs" : "different in the first run"}`,
      outcome.violation === undefined ? "0 violations" : `1 violation: ${outcome.violation}`,
    ].join("; "),
  );
  return isGood;
}

type Shard = NonNullable<PairsOptions["shard"]>;

const scenariosNamed = (text: string): typeof SCENARIOS => SCENARIOS.filter(({ name }) => name.includes(text));

async function pairsOfShard(shard: Shard, named: string): Promise<Pairs> {
  quicken();
  const onProgress = (progress: Progress): void =>
    say(
      `${shard.index + 1}/${shard.of} ${progress.scenario}: ${grouped(progress.pairs)} pairs, ${progress.violations.length} violations so far`,
    );
  const result = await runPairs(scenariosNamed(named), { shard, onProgress });
  for (const violation of result.violations) say(violation);
  process.send?.(result);
  return result;
}

/** Runs one shard per core. */
async function pairsOnAllCores(named: string): Promise<Pairs> {
  const of = availableParallelism();
  const results = await Promise.all(
    Array.from(
      { length: of },
      async (_, index) =>
        new Promise<Pairs>((resolve, reject) => {
          const args = ["--pairs", "--scenario", named, "--shard", `${index + 1}/${of}`];
          const shard = fork(fileURLToPath(import.meta.url), args, {
            execArgv: [...process.execArgv, LARGE_YOUNG_GENERATION],
          });
          shard.once("message", (result: Pairs) => resolve(result)).once("error", reject);
          shard.once("exit", (code) => reject(new Error(`Shard ${index + 1}/${of} ended with ${code ?? "a signal"}.`)));
        }),
    ),
  );
  return {
    pairs: results.reduce((sum, result) => sum + result.pairs, 0),
    violations: results.flatMap(({ violations }) => violations),
  };
}

async function pairs(shard: Shard | undefined, named: string): Promise<boolean> {
  const startMs = performance.now();
  const result = await (shard ? pairsOfShard(shard, named) : pairsOnAllCores(named));
  const seconds = ((performance.now() - startMs) / MS).toFixed(0);
  say(`${grouped(result.pairs)} ordered pairs in ${seconds} s; ${result.violations.length} violations`);
  return result.violations.length === 0;
}

const LARGEST_SEED = 2 ** 48;

function whole(text: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number > LARGEST_SEED) throw new InvalidArgumentError("Give a whole number.");
  return number;
}

function positive(text: string): number {
  if (whole(text) === 0) throw new InvalidArgumentError("Give a number above 0.");
  return Number(text);
}

const list = (text: string): ReadonlySet<number> => new Set(text === "none" ? [] : text.split(",").map(whole));

function hazardsOf(text: string): ReadonlySet<Hazard> {
  if (text === "all") return new Set(HAZARDS);
  const names = text === "none" ? [] : text.split(",");
  return new Set(
    names.map((name) => {
      const hazard = HAZARDS.find((each) => each === name);
      if (!hazard) throw new InvalidArgumentError(`Give all, none, or some of ${HAZARDS.join(",")}.`);
      return hazard;
    }),
  );
}

function hazardOf(text: string): Hazard {
  const [hazard, ...more] = hazardsOf(text);
  if (hazard === undefined || more.length > 0) throw new InvalidArgumentError(`Give one of ${HAZARDS.join(",")}.`);
  return hazard;
}

function namedOf(text: string): string {
  if (scenariosNamed(text).length === 0) throw new InvalidArgumentError("No scenario's name contains it.");
  return text;
}

function shardOf(text: string): Shard {
  const [, index = 0, of = 0] = (/^(\d+)\/(\d+)$/.exec(text) ?? []).map(Number);
  if (index < 1 || index > of) throw new InvalidArgumentError("Give for example 1/3 for the first of three shards.");
  return { index: index - 1, of };
}

interface Options {
  readonly schedules?: number;
  readonly seed?: number;
  readonly replay?: number;
  readonly only?: ReadonlySet<number>;
  readonly hazards?: ReadonlySet<Hazard>;
  readonly drawn?: Hazard;
  readonly pairs?: boolean;
  readonly shard?: Shard;
  readonly scenario?: string;
}

const program: Command = new Command("simulate")
  .description(
    "Searches for a schedule of faults that violates an invariant. Exit code 1: one was found; 2: wrong usage.",
  )
  .option("--schedules <n>", "run this many random schedules, on all cores", positive)
  .option("--seed <seed>", "with --schedules: the seed of the first schedule (default: a fresh one)", whole)
  .option("--replay <seed>", "run one schedule again, and print its trace", whole)
  .option("--only <faults>", "with --replay: only these of its faults, for example 0,3; or none", list)
  .option("--hazards <names>", "draw these hazards, not those of enabled.ts: all, none, or a list", hazardsOf)
  .option("--drawn <name>", "with --schedules: run only those that have drawn this hazard", hazardOf)
  .option("--pairs", "run every scenario with every ordered pair of faults, on all cores")
  .option("--shard <k/n>", "with --pairs: run only the kth of n shards", shardOf)
  .option("--scenario <text>", "with --pairs: run only the scenarios whose name contains this text", namedOf)
  .exitOverride()
  .action(async (options: Options) => {
    const { drawn, hazards = ENABLED, only, pairs: wantsPairs } = options;
    const { replay: replayed, scenario, schedules, seed, shard } = options;
    const modes = [schedules, replayed, wantsPairs].filter((mode) => mode !== undefined).length;
    if (modes !== 1) program.error("error: give one of --schedules N, --replay SEED and --pairs.");
    if (only && replayed === undefined) program.error("error: --only needs --replay.");
    if (shard && !wantsPairs) program.error("error: --shard needs --pairs.");
    if (scenario !== undefined && !wantsPairs) program.error("error: --scenario needs --pairs.");
    if (drawn && schedules === undefined) program.error("error: --drawn needs --schedules.");
    if (seed !== undefined && schedules === undefined) program.error("error: --seed needs --schedules.");
    const isGood = await (replayed !== undefined
      ? replay(replayed, only, hazards)
      : schedules !== undefined
        ? searchFor(schedules, seed ?? randomInt(LARGEST_SEED - 1), { drawn, hazards })
        : pairs(shard, scenario ?? ""));
    if (!isGood) process.exitCode = 1;
  });

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : WRONG_USAGE;
}
