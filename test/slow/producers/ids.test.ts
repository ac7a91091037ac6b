/** The Python client makes of a job what the TypeScript client makes of it. Needs Python 3. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { isDeepStrictEqual, promisify } from "node:util";
import { beforeEach, describe, expect, it } from "vitest";
import vectors from "../../../clients/vectors.json" with { type: "json" };
import { checkJob } from "../../../core/producer/check-job.ts";
import { InvalidJobError } from "../../../core/producer/errors.ts";
import type { Job } from "../../../core/producer/job.ts";
import { randomJob, randomOf, randomUrl } from "./random-jobs.ts";

const run = promisify(execFile);
const PROGRAMS = import.meta.dirname;
const python = await run("python3", ["--version"]).then(
  ({ stdout }) => stdout.trim(),
  () => undefined,
);

interface Made {
  readonly job_id?: string;
  readonly group?: string;
  readonly body?: string;
  readonly refused?: readonly string[];
  readonly why?: string;
}

async function byPython(jobs: readonly unknown[]): Promise<readonly Made[]> {
  const child = spawn("python3", [join(PROGRAMS, "check.py")], { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end(jobs.map((job) => `${JSON.stringify(job)}\n`).join(""));
  let out = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  const [code] = await once(child, "close");
  expect(code).toBe(0);
  const lines = out.trim().split("\n");
  expect(lines).toHaveLength(jobs.length);
  return lines.map((line) => JSON.parse(line) as Made);
}

function byTypeScript(job: unknown): Made {
  try {
    const { body, group, job_id } = checkJob(job as Job);
    return { job_id, group, body };
  } catch (error) {
    if (error instanceof InvalidJobError) return { refused: error.problems.map(({ field }) => field) };
    throw error;
  }
}

/** Fields of messages may be in another order, and so may be what is refused. */
function isSame(one: Made | undefined, other: Made | undefined): boolean {
  const parts = [one, other].map((made) => ({
    id: made?.job_id,
    group: made?.group,
    refused: made?.refused?.toSorted(),
    message: made?.body === undefined ? undefined : (JSON.parse(made.body) as unknown),
  }));
  return isDeepStrictEqual(parts[0], parts[1]);
}

describe("the Python client", () => {
  beforeEach(({ skip }) => skip(python === undefined, "There is no python3: the Python client is NOT tested."));

  it("makes the ids and groups of all vectors, and refuses what they refuse, with the same field", async () => {
    const made = await byPython(vectors.jobs.map(({ job }) => job));
    expect(made.map(({ group, job_id }) => [job_id, group])).toEqual(
      vectors.jobs.map(({ group, job_id }) => [job_id, group]),
    );
    const refused = await byPython(vectors.invalid.map(({ job }) => job));
    expect(refused.map(({ refused: fields }) => fields)).toEqual(vectors.invalid.map(({ field }) => [field]));
  });

  it("makes the same id, group and message of 10,000 random jobs", async () => {
    const random = randomOf(16);
    const jobs = Array.from({ length: 10_000 }, () => randomJob(random));
    const made = await byPython(jobs);
    const ours = jobs.map(byTypeScript);
    const different = jobs.flatMap((job, index) =>
      isSame(ours[index], made[index]) ? [] : [{ job, ours: ours[index], theirs: made[index] }],
    );
    expect(different).toEqual([]);
    expect(ours.filter(({ job_id }) => job_id !== undefined).length).toBeGreaterThan(9_000);
  });

  it("never makes another id of a strange URL: it refuses the few that it does not know how to spell", async () => {
    const random = randomOf(17);
    const jobs = Array.from({ length: 50_000 }, () => ({ work_id: "w", artifact_id: "a", url: randomUrl(random) }));
    const made = await byPython(jobs);
    const ours = jobs.map(byTypeScript);
    const places = [...made.keys()];
    const named = places.filter((place) => made[place]?.job_id !== undefined);
    const others = named.filter((place) => ours[place]?.job_id !== made[place]?.job_id);
    expect(others.map((place) => jobs[place]?.url)).toEqual([]);
    const refused = places.filter((place) => made[place]?.job_id === undefined && ours[place]?.job_id !== undefined);
    expect(named.length).toBeGreaterThan(15_000);
    expect(refused.length).toBeLessThan(named.length / 10);
  });

  it("counts metadata's bytes as JavaScript does", async () => {
    const numbers = [
      1,
      1.5,
      1e20,
      1e21,
      1.25e20,
      1e-4,
      1e-6,
      1.5e-5,
      1e-7,
      -2.5e-9,
      5e-324,
      1.7e308,
      0.1,
      -0,
      2 ** 53 - 1,
    ];
    const jobs = numbers.flatMap((number) =>
      [0, 1].map((more) => {
        const rest = 1024 - JSON.stringify({ n: number, t: "" }).length + more;
        return { url: "https://example.org/", metadata: { n: number, t: "x".repeat(rest) } };
      }),
    );
    const made = await byPython(jobs);
    expect(made.map(({ refused }) => refused)).toEqual(jobs.map((job) => byTypeScript(job).refused));
    expect(made.filter(({ refused }) => refused !== undefined)).toHaveLength(numbers.length);
  });

  it("batches, retries, waits and reports as its own tests say", async () => {
    const { stderr } = await run("python3", ["-W", "error", "-m", "unittest", "sending"], { cwd: PROGRAMS });
    expect(stderr).toMatch(/Ran [1-9]\d* tests[^]*OK\n$/);
  });
});
