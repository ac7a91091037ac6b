/** What origins that are silent, slow, stalling or throttling cost the jobs of other origins in a local run. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { startChild } from "../harness/child.ts";
import { medianOf, rounded, type Figure, type Measurement } from "../harness/measurement.ts";
import { scoped } from "../harness/scope.ts";
import { temporaryFolder } from "../harness/temporary-folder.ts";
import { SICKNESSES, type Sickness } from "./mixed-origin.ts";

const MAIN = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));
const HEALTHY = 200;
const MOST_SICK = 300;
const ROUNDS = 3;
const RATIO_BOUND = 1.15;
const TIMEOUT_S = 2;
const ATTEMPTS = 3;
/** HEAD and GET of each attempt may take as long as the time-out, and two waits of at most 0.5 and 1 s lie between. */
const BUDGET_S = ATTEMPTS * 2 * TIMEOUT_S + 1.5;
/** Each attempt answers once before it goes wrong, and two cores work on all of them at once. */
const SLACK_S = 3;

const DELAY_MS = 400;

interface Mix {
  readonly what: string;
  readonly sick: number;
  readonly place: "before" | "between" | "after";
  /** How many of the origins the sick files have; 0: they are on the healthy files' host. */
  readonly hosts: number;
  /** As many of each. */
  readonly kinds?: readonly Sickness[];
}

const USUAL_KINDS: readonly Sickness[] = ["dribbles", "stalls", "silent", "throttles"];
const MIXES: readonly Mix[] = [
  { what: "100 sick files before the healthy ones, each on its own host", sick: 100, place: "before", hosts: 100 },
  { what: "100 between them, each on its own host", sick: 100, place: "between", hosts: 100 },
  { what: "100 after them, each on its own host", sick: 100, place: "after", hosts: 100 },
  { what: "100 before them, all on one other host", sick: 100, place: "before", hosts: 1 },
  { what: "300 before them, each on its own host", sick: 300, place: "before", hosts: 300 },
  { what: "300 before them, all on one other host", sick: 300, place: "before", hosts: 1 },
  { what: "100 that throttle before them", sick: 100, place: "before", hosts: 100, kinds: ["throttles"] },
  {
    what: "100 that stall after half a MiB before them",
    sick: 100,
    place: "before",
    hosts: 100,
    kinds: ["stalls-late"],
  },
  { what: "100 before them, on the same host", sick: 100, place: "before", hosts: 0 },
];

interface Line {
  readonly url: string;
  /** Undefined: healthy. */
  readonly reason?: string;
}

interface Run {
  /** From the command's start to the end of the last healthy file. */
  readonly healthyS: number;
  /** The longest time that a sick file took, from its first lease. */
  readonly sickS: number;
}

function linesOf({ hosts, kinds = USUAL_KINDS, place, sick }: Mix, origins: readonly string[]): readonly Line[] {
  const [home = "", ...others] = origins;
  const healthy: readonly Line[] = Array.from({ length: HEALTHY }, (_, n) => ({ url: `${home}/healthy/${n}` }));
  const ill: readonly Line[] = Array.from({ length: sick }, (_, n) => {
    const kind = kinds[n % kinds.length] ?? "silent";
    return { url: `${hosts === 0 ? home : others[n % hosts]}/${kind}/${n}`, reason: SICKNESSES[kind] };
  });
  if (place === "before") return [...ill, ...healthy];
  if (place === "after") return [...healthy, ...ill];
  return healthy.flatMap((line, n) => ill.slice((n * sick) / HEALTHY, ((n + 1) * sick) / HEALTHY).concat(line));
}

/** @throws Error if a file did not end as it must, which makes the measurement void. */
async function run(scope: AsyncDisposableStack, lines: readonly Line[]): Promise<Run> {
  const { path } = scope.use(await temporaryFolder());
  const list = join(path, "list.txt");
  await writeFile(list, lines.map(({ url }) => `${url}\n`).join(""));
  const options = ["--allow-private-hosts", "--timeout", TIMEOUT_S, "--attempts", ATTEMPTS, "--json"].map(String);
  const startedMs = performance.now();
  const command = spawn(process.execPath, [MAIN, "get", list, "--out", join(path, "out"), ...options], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  scope.defer(() => void command.kill("SIGKILL"));
  const ended = once(command, "close");
  const reasons = new Map(lines.map(({ reason, url }) => [url, reason]));
  let healthyMs = startedMs;
  for await (const text of createInterface(command.stdout)) {
    const { reason, type, url } = JSON.parse(text) as Readonly<Record<string, string | null>>;
    if (type !== "result") continue;
    const wanted = reasons.get(String(url));
    if (reason !== (wanted === undefined ? null : `retries_exhausted:${wanted}`))
      throw new Error(`${url} ended as ${reason}, not as ${wanted}, so the measurement is void. Run it again.`);
    reasons.delete(String(url));
    if (wanted === undefined) healthyMs = performance.now();
  }
  await ended;
  if (reasons.size > 0) throw new Error(`${reasons.size} files did not end, so the measurement is void.`);
  return { healthyS: (healthyMs - startedMs) / 1000, sickS: await longestSickS(join(path, "out/events.jsonl")) };
}

async function longestSickS(events: string): Promise<number> {
  const leasedMs = new Map<string, number>();
  let longestMs = 0;
  for (const line of (await readFile(events, "utf8")).trim().split("\n")) {
    const { event, job_id: jobId = "", timestamp = "", to_state: state } = JSON.parse(line) as Record<string, string>;
    const nowMs = Date.parse(timestamp);
    if (event === "job_leased" && !leasedMs.has(jobId)) leasedMs.set(jobId, nowMs);
    if (state === "FAILED") longestMs = Math.max(longestMs, nowMs - (leasedMs.get(jobId) ?? 0));
  }
  return longestMs / 1000;
}

export const isolation: Measurement = {
  about: `time until the last of ${HEALTHY} healthy files of 4 KiB is done, beside files of sick origins / alone`,
  async measure(say, scope) {
    const program = new URL("origins-program.ts", import.meta.url);
    const child = scope.use(
      await startChild(program, {
        ORIGINS: String(1 + MOST_SICK),
        DELAY_MS: String(DELAY_MS),
      }),
    );
    const origins = child.greeting as readonly string[];
    const timed = async (mix: Mix): Promise<Run> => scoped(async (inner) => run(inner, linesOf(mix, origins)));
    const alone: number[] = [];
    const ratios = new Map(MIXES.map(({ what }) => [what, [] as number[]]));
    let sickS = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const { healthyS: aloneS } = await timed({ what: "alone", sick: 0, place: "after", hosts: 1 });
      say(`alone: ${aloneS.toFixed(1)} s`);
      alone.push(aloneS);
      for (const mix of MIXES) {
        const timing = await timed(mix);
        say(`${mix.what}: ${timing.healthyS.toFixed(1)} s (longest sick one: ${timing.sickS.toFixed(1)} s)`);
        ratios.get(mix.what)?.push(timing.healthyS / aloneS);
        sickS = Math.max(sickS, timing.sickS);
      }
    }
    const figures: readonly Figure[] = [
      { what: "healthy files alone, median", value: rounded(medianOf(alone)), unit: "s" },
      ...MIXES.map(({ hosts, what }) => ({
        what,
        value: rounded(medianOf(ratios.get(what) ?? [])),
        unit: "x",
        // Promised is what other origins cost.
        atMost: hosts === 0 ? undefined : RATIO_BOUND,
      })),
      {
        what: "longest time of a sick file, from its first lease",
        value: rounded(sickS, 1),
        unit: "s",
        atMost: BUDGET_S + SLACK_S,
      },
    ];
    return {
      figures,
      remarks: [
        `A quarter each dribbles a byte a second, stalls in mid-body, is silent, and answers 429, unless a row says otherwise. Every one failed with its reason.`,
        `All but the silent ones answer after ${DELAY_MS} ms. Usual options, but --timeout ${TIMEOUT_S} --attempts ${ATTEMPTS}: a budget of ${BUDGET_S} s for each sick file.`,
        `A host is a port of 127.0.0.1. Times from the command's start. Medians of ${ROUNDS} rounds, each of which begins with the healthy files alone.`,
      ],
    };
  },
};
