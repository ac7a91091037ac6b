import { performance } from "node:perf_hooks";
import type { OriginFile } from "../local/origin/file.ts";
import { KIB, medianOf, MIB, rounded, type Measured, type Measurement } from "./harness/measurement.ts";
import { scoped } from "./harness/scope.ts";
import { AS_DEPLOYED, LocalRun, startOriginProcess, type BenchOrigin } from "./local-run.ts";

const ROUNDS = 5;
const SHORT_FILES = 400;
const LONG_FILES = SHORT_FILES / 100;
/** What a short file takes at its origin. */
const SHORT_MS = 30;
/** 100 times as long. */
const LONG_MS = 100 * SHORT_MS;
const RATE = 512 * KIB;
const LONG_BYTES = (RATE * LONG_MS) / 1000;
/** 0.9 of the throughput. */
const MOST_TIME = 1 / 0.9;

const TWO_LANES = { LONG_FROM_BYTES: String(MIB) };

const shortFiles = (round: string): readonly OriginFile[] =>
  Array.from({ length: SHORT_FILES }, (_, index) => ({
    name: `short-${round}-${index}`,
    size: 10 * KIB,
    delayMs: SHORT_MS / 2,
  }));
/** Each hundred begins with a long one. */
const withLong = (round: string, short: readonly OriginFile[]): readonly OriginFile[] =>
  Array.from({ length: LONG_FILES }, (_, index) => [
    { name: `long-${round}-${index}`, size: LONG_BYTES, rate: RATE },
    ...short.slice(index * 100, (index + 1) * 100),
  ]).flat();

interface Seconds {
  readonly alone: number;
  readonly mixed: number;
}

/** Until the last short file is stored, without long ones and with them, in turns. */
async function race(run: LocalRun, origin: BenchOrigin, name: string): Promise<Seconds> {
  const timed = async (files: readonly OriginFile[], short: readonly OriginFile[]): Promise<number> => {
    const startedMs = performance.now();
    await run.pipeline.submit(files.map((file) => origin.messageOf(file)));
    await run.untilTerminal(short.map((file) => origin.messageOf(file)));
    const seconds = (performance.now() - startedMs) / 1000;
    // The next turn begins when nothing is left of this one.
    await run.untilTerminal(files.map((file) => origin.messageOf(file)));
    return seconds;
  };
  const rounds: Seconds[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const [first, second] = [shortFiles(`${name}-${round}-alone`), shortFiles(`${name}-${round}-mixed`)];
    rounds.push({
      alone: await timed(first, first),
      mixed: await timed(withLong(`${name}-${round}`, second), second),
    });
  }
  return { alone: medianOf(rounds.map(({ alone }) => alone)), mixed: medianOf(rounds.map(({ mixed }) => mixed)) };
}

export const lanes: Measurement = {
  about: `${SHORT_FILES} short files with and without ${LONG_FILES} that take 100 times as long, in one lane and in two`,
  async measure(say, scope): Promise<Measured> {
    const origin = scope.use(await startOriginProcess());
    const raced = async (name: string, more: Readonly<Record<string, string>>): Promise<number> =>
      scoped(async (inner) => {
        const options = { workers: 2, longWorkers: LONG_FILES, workerEnv: { ...AS_DEPLOYED, ...more } };
        const { alone, mixed } = await race(inner.use(await LocalRun.start(options)), origin, name);
        say(`${name}: ${alone.toFixed(1)} s without, ${mixed.toFixed(1)} s with long files`);
        return mixed / alone;
      });
    const two = await raced("two lanes", TWO_LANES);
    const one = await raced("one lane", {});
    return {
      figures: [
        {
          what: "two lanes: time of the short ones, with / without long ones",
          value: rounded(two),
          unit: "x",
          atMost: rounded(MOST_TIME),
        },
        {
          what: "two lanes: throughput of the short ones, with / without long ones",
          value: rounded(1 / two),
          unit: "x",
        },
        {
          what: "one lane: throughput of the short ones, with / without long ones",
          value: rounded(1 / one),
          unit: "x",
        },
      ],
      remarks: [
        `Bundled handlers on the embedded AWS: two workers with batches of ten, and ${LONG_FILES} workers of the long lane.`,
        `A long file has ${LONG_BYTES / MIB} MiB, and its origin takes ${LONG_MS / 1000} s to send it. Medians of ${ROUNDS} rounds.`,
        "Short ones count until the last of them is stored. Long ones are then still on their way.",
      ],
    };
  },
};
