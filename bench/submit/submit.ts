import { join } from "node:path";
import { z } from "zod";
import { startChild, type Child } from "../harness/child.ts";
import { medianOf, MIB, rounded, UsageError, type Measured, type Measurement } from "../harness/measurement.ts";
import { cpuSeconds, requireProc } from "../harness/process-figures.ts";
import { temporaryFolder } from "../harness/temporary-folder.ts";
import { STACK, startDeployment } from "./deployment.ts";
import { writeList } from "./list.ts";
import { submission, type Submission } from "./submission.ts";

const JOBS = 1_000_000;
const ROUND_JOBS = 200_000;
const ROUNDS = 3;
const KILLED_AT = [0.25, 0.5, 0.75];
const MOST_MEMORY_MIB = 200;

const state = z.object({ taken: z.number(), missing: z.number() });
const timed = z.object({ ms: z.number() });

interface Sizes {
  readonly jobs: number;
  readonly roundJobs: number;
  readonly rounds: number;
}

interface Place {
  readonly queue: Child;
  readonly queueUrl: string;
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** Jobs a second, and CPU time of a job. */
interface Round {
  readonly bare: number;
  readonly sending: number;
  /** From the start of the process to its end. */
  readonly whole: number;
  readonly bareCpuUs: number;
  readonly cpuUs: number;
}

const stateOf = async ({ queue }: Place, message: object = {}) => state.parse(await queue.ask(message));

/** The list of a name, sent with progress of its own. */
const submit = async (place: Place, list: string, isEnough?: () => Promise<boolean>): Promise<Submission> =>
  submission(
    [join(place.folder, `${list}.parquet`), "--stack", STACK, "--progress", join(place.folder, list)],
    place.environment,
    isEnough,
  );

/** One list, whose sending is killed on the way. */
async function killed(place: Place, jobs: number, say: (line: string) => void) {
  await writeList(join(place.folder, "killed.parquet"), jobs);
  await stateOf(place, { jobs });
  const runs: Submission[] = [];
  for (const share of KILLED_AT) {
    const run = await submit(place, "killed", async () => (await stateOf(place)).taken >= share * jobs);
    if (run.told !== undefined) throw new Error("It had sent all before it was killed. Give it more jobs.");
    runs.push(run);
    say(`killed with ${(await stateOf(place)).taken} messages in the queue`);
  }
  const last = await submit(place, "killed");
  runs.push(last);
  const { missing, taken } = await stateOf(place);
  say(`ended with ${taken} messages in the queue, of which ${taken - jobs + missing} came twice`);
  return { missing, twice: taken - jobs + missing, peak: Math.max(...runs.map((run) => run.peakBytes)) };
}

/** In turns, so that what else the machine does disturbs both. */
async function compared(place: Place, sizes: Sizes, bare: Child, say: (line: string) => void) {
  const rounds: Round[] = [];
  const { roundJobs: jobs } = sizes;
  const perSecond = (ms: number): number => (jobs / ms) * 1000;
  for (let number = 0; number < sizes.rounds; number++) {
    const list = `round-${number}`;
    await writeList(join(place.folder, `${list}.parquet`), jobs);
    await stateOf(place, { jobs });
    const before = await cpuSeconds(bare.pid);
    const { ms } = timed.parse(await bare.ask({ queueUrl: place.queueUrl, jobs }));
    const cpu = (await cpuSeconds(bare.pid)) - before;
    await stateOf(place, { jobs });
    const run = await submit(place, list);
    const round = {
      bare: perSecond(ms),
      sending: perSecond(run.told?.elapsed_ms ?? Number.NaN),
      whole: perSecond(run.ms),
      bareCpuUs: (cpu / jobs) * 1e6,
      cpuUs: (run.cpuSeconds / jobs) * 1e6,
    };
    rounds.push(round);
    say(`bare ${round.bare.toFixed(0)} jobs/s, submit ${round.sending.toFixed(0)}`);
  }
  return (figure: (round: Round) => number): number => medianOf(rounds.map(figure));
}

async function measured(sizes: Sizes, say: (line: string) => void, scope: AsyncDisposableStack): Promise<Measured> {
  requireProc();
  const folder = scope.use(await temporaryFolder()).path;
  const queue = scope.use(await startChild(new URL("queue-program.ts", import.meta.url)));
  const endpoint = String(queue.greeting);
  const environment = {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: "eu-central-1",
    AWS_ACCESS_KEY_ID: "bench",
    AWS_SECRET_ACCESS_KEY: "bench",
  };
  const queueUrl = `${endpoint}/000000000000/work`;
  const place: Place = { queue, queueUrl, folder, environment: await startDeployment(folder, queueUrl, scope) };
  const bare = scope.use(await startChild(new URL("bare-program.ts", import.meta.url), environment));
  const median = await compared(place, sizes, bare, say);
  const { missing, peak, twice } = await killed(place, sizes.jobs, say);
  const figure = (what: string, unit: string, of: (round: Round) => number, decimals = 2) => ({
    what,
    value: rounded(median(of), decimals),
    unit,
  });
  const list = `${sizes.jobs.toLocaleString("en-US")} lines of Parquet, killed ${KILLED_AT.length} times`;
  return {
    figures: [
      { what: `${list}: jobs that the queue never got`, value: missing, unit: "jobs", atMost: 0 },
      { what: `${list}: messages that it got twice`, value: twice, unit: "messages" },
      { what: `${list}: peak resident memory`, value: rounded(peak / MIB, 1), unit: "MiB", atMost: MOST_MEMORY_MIB },
      figure("bare SendMessageBatch", "jobs/s", (round) => round.bare, 0),
      figure("submit, its sending", "jobs/s", ({ sending }) => sending, 0),
      figure("submit, its sending / bare", "of the speed", (round) => round.sending / round.bare),
      figure("submit, from start to end / bare", "of the speed", (round) => round.whole / round.bare),
      figure("CPU time of a job, bare", "us", ({ bareCpuUs }) => bareCpuUs, 0),
      figure("CPU time of a job, submit, from start to end", "us", ({ cpuUs }) => cpuUs, 0),
    ],
    remarks: [
      `Speeds are medians of ${sizes.rounds} rounds with ${sizes.roundJobs.toLocaleString("en-US")} jobs, in turns.`,
      "From start to end, the list is checked and recorded as a batch before it is sent.",
      "Both keep 16 requests in flight. The queue is another process, which does the least that a queue is.",
      "The bare loop has the SDK's client as it is; submit's is tuned (docs/adr/0108-the-sdks-clients-are-tuned.md).",
    ],
  };
}

export const submitting: Measurement = {
  about: `fetchonce submit: a list killed ${KILLED_AT.length} times on the way, its memory, and its speed beside the SDK's`,
  measure: async (say, scope) => measured({ jobs: JOBS, roundJobs: ROUND_JOBS, rounds: ROUNDS }, say, scope),
  part(options) {
    const [option, text, ...others] = options;
    const jobs = Number(text);
    if (option !== "--jobs" || !Number.isInteger(jobs) || jobs < 1 || others.length > 0)
      throw new UsageError("Give --jobs and a number: so many jobs are sent in each part.");
    return {
      about: `fetchonce submit, with ${jobs} jobs`,
      measure: async (say, scope) => measured({ jobs, roundJobs: jobs, rounds: 1 }, say, scope),
    };
  },
};
