import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { runSchedule } from "../simulation/search/random.ts";
import { drawSchedule } from "../simulation/search/schedule.ts";
import { describeFailure, shrink } from "../simulation/search/search.ts";

const PROGRAM = fileURLToPath(new URL("../simulation/search/simulate.ts", import.meta.url));

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const simulate = async (...args: readonly string[]): Promise<Ended> =>
  new Promise((resolve) => {
    execFile(process.execPath, [PROGRAM, ...args], (error, out, err) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, out, err });
    });
  });

describe("simulate", () => {
  it("searches on all cores and ends its output with a line of figures", async () => {
    const { code, out } = await simulate("--schedules", "60", "--seed", "7");
    expect(code).toBe(0);
    expect(out.trim().split("\n").at(-1)).toMatch(/^60 schedules in .*; trace digest [0-9a-f]{8}; 0 violations$/);
  });

  it("runs only the schedules that have drawn a hazard", async () => {
    const { code, out } = await simulate("--schedules", "60", "--seed", "7", "--drawn", "cancels");
    expect(code).toBe(0);
    const [, run = "0"] = /^(\d+) schedules in .*; 0 violations$/m.exec(out) ?? [];
    expect(Number(run)).toBeGreaterThan(0);
    expect(Number(run)).toBeLessThan(30);
  });

  it("replays one schedule with its trace", async () => {
    const { code, out } = await simulate("--replay", "7");
    expect(code).toBe(0);
    expect(out).toContain("0 worker1 items.read");
    expect(out.trim().split("\n").at(-1)).toMatch(
      /^seed 7: .*; trace hash [0-9a-f]{8}, the same in both runs; 0 violations$/,
    );
  });

  it.each([
    [[], "give one of --schedules N, --replay SEED and --pairs"],
    [["--schedules"], "argument missing"],
    [["--schedules", "many"], "Give a whole number"],
    [["--schedules", "0"], "Give a number above 0"],
    [["--schedules", "5", "--pairs"], "give one of"],
    [["--seed", "5", "--pairs"], "--seed needs --schedules"],
    [["--schedules", "5", "--only", "1"], "--only needs --replay"],
    [["--pairs", "--scenario", "nothing of the kind"], "No scenario's name contains it"],
    [["--pairs", "--shard", "4/3"], "Give for example 1/3 for the first of three shards"],
    [["--pairs", "--drawn", "cancels"], "--drawn needs --schedules"],
    [["--schedules", "5", "--drawn", "all"], "Give one of echo,"],
    [["--fast"], "unknown option"],
  ])("refuses the arguments %j with an explanation and exit code 2", async (args, sentence) => {
    const { code, err } = await simulate(...args);
    expect(code).toBe(2);
    expect(err).toContain(sentence);
  });
});

describe("a schedule that fails", () => {
  /** Any seed whose schedule has a few faults that strike. */
  const SEED = 104_031;

  /** A run that fails if and only if all of these faults strike. */
  const failing =
    (...guilty: readonly number[]): typeof runSchedule =>
    async (schedule, options) => {
      const outcome = await runSchedule(schedule, options);
      const isGuilty = guilty.every((index) => outcome.struck.some((struck) => struck.index === index));
      return { ...outcome, violation: isGuilty ? "lost" : undefined };
    };

  it("shrinks to the faults that it needs, and its report names the command that replays it", async () => {
    const { struck } = await runSchedule(drawSchedule(SEED));
    const guilty = [struck[0], struck.at(-2)].map((each) => each?.index ?? -1);
    const smallest = await shrink(SEED, failing(...guilty));
    expect(smallest.needed).toEqual(guilty);
    expect(struck.length).toBeGreaterThan(guilty.length);
    const report = describeFailure(SEED, smallest);
    expect(report).toContain(`Seed ${SEED} violates an invariant: lost`);
    expect(report).toContain(`npm run simulate -- --replay ${SEED} --only ${guilty.join(",")}`);
  });

  it("shrinks to no faults if it fails without any", async () => {
    expect((await shrink(SEED, failing())).needed).toEqual([]);
  });
});
