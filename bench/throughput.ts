import { performance } from "node:perf_hooks";
import type { OriginFile } from "../local/origin/file.ts";
import { startChild, type Child } from "./harness/child.ts";
import { AS_DEPLOYED, LocalRun, startOriginProcess, type BenchOrigin } from "./local-run.ts";
import { KIB, medianOf, MIB, rounded, type Measurement } from "./harness/measurement.ts";
import { cpuSeconds, requireProc } from "./harness/process-figures.ts";

const ROUNDS = 5;
const GB = 1e9;
const BIG_BYTES = 512 * MIB;
const SMALL_FILES = 300;
const SMALL_BYTES = 16 * KIB;

interface Cost {
  readonly cpuSeconds: number;
  readonly seconds: number;
}

async function costOf(pid: number, work: () => Promise<unknown>): Promise<Cost> {
  const cpuBefore = await cpuSeconds(pid);
  const startedMs = performance.now();
  await work();
  return { seconds: (performance.now() - startedMs) / 1000, cpuSeconds: (await cpuSeconds(pid)) - cpuBefore };
}

/** Sends the same files through the worker and through the bare loop, in turns, so that a disturbance hits both. */
class Race {
  readonly #origin: BenchOrigin;
  readonly #run: LocalRun;
  readonly #bare: Child;

  constructor(origin: BenchOrigin, run: LocalRun, bare: Child) {
    this.#origin = origin;
    this.#run = run;
    this.#bare = bare;
  }

  async worker(files: readonly OriginFile[]): Promise<Cost> {
    const messages = files.map((file) => this.#origin.messageOf(file));
    const cost = await costOf(this.#run.workerPid, async () => this.#run.download(messages));
    await this.#run.checkDownloaded(messages);
    return cost;
  }

  async bareLoop(files: readonly OriginFile[], as: string): Promise<Cost> {
    const urls = files.map((file) => this.#origin.messageOf(file).url);
    const bucket = this.#run.pipeline.names.stagingBucket;
    return costOf(this.#bare.pid, async () => this.#bare.ask({ bucket, urls, as }));
  }
}

const bigFile = (round: number): OriginFile => ({ name: `big-${round}`, size: BIG_BYTES });
const smallFiles = (round: number): readonly OriginFile[] =>
  Array.from({ length: SMALL_FILES }, (_, index) => ({ name: `small-${round}-${index}`, size: SMALL_BYTES }));

type Costs = Record<"bigWorker" | "bigBare" | "bigBareWasm" | "smallWorker" | "smallBare", Cost>;

async function oneRound(race: Race, round: number): Promise<Costs> {
  const big = [bigFile(round)];
  const small = smallFiles(round);
  return {
    bigWorker: await race.worker(big),
    bigBare: await race.bareLoop(big, "parts"),
    bigBareWasm: await race.bareLoop(big, "parts, resumable hash"),
    smallWorker: await race.worker(small),
    smallBare: await race.bareLoop(small, "objects"),
  };
}

export const throughput: Measurement = {
  about: `a worker compared with a bare loop of GET, SHA-256 and S3 in the same run; medians of ${ROUNDS} rounds`,
  async measure(say, scope) {
    requireProc();
    const origin = scope.use(await startOriginProcess());
    const run = scope.use(await LocalRun.start({ workerEnv: AS_DEPLOYED }));
    const { s3 } = run.pipeline.clients;
    const { accessKeyId, secretAccessKey } = await s3.config.credentials();
    const bare = scope.use(
      await startChild(new URL("bare-loop-program.ts", import.meta.url), {
        AWS_REGION: await s3.config.region(),
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
        AWS_ENDPOINT_URL_S3: await endpointOf(run),
      }),
    );
    const race = new Race(origin, run, bare);

    await oneRound(race, 0);
    say("warmed up");
    const rounds: Costs[] = [];
    for (let round = 1; round <= ROUNDS; round += 1) {
      rounds.push(await oneRound(race, round));
      say(`round ${round} of ${ROUNDS}`);
    }

    const median = (figure: (costs: Costs) => number): number => medianOf(rounds.map(figure));
    const perGb = (figure: (costs: Costs) => number): number => rounded((median(figure) * GB) / BIG_BYTES);
    const perFileMs = (figure: (costs: Costs) => number): number => rounded((median(figure) * 1000) / SMALL_FILES);
    const ratio = (of: (costs: Costs) => number, to: (costs: Costs) => number): number =>
      rounded(median((costs) => of(costs) / to(costs)));
    return {
      figures: [
        {
          what: "big file: worker / bare loop with node:crypto",
          value: ratio(
            (c) => c.bigWorker.cpuSeconds,
            (c) => c.bigBare.cpuSeconds,
          ),
          unit: "x CPU time",
        },
        {
          what: "big file: worker / bare loop with a SHA-256 that can be saved",
          value: ratio(
            (c) => c.bigWorker.cpuSeconds,
            (c) => c.bigBareWasm.cpuSeconds,
          ),
          unit: "x CPU time",
        },
        { what: "big file: worker", value: perGb((c) => c.bigWorker.cpuSeconds), unit: "CPU-s/GB" },
        { what: "big file: bare loop, node:crypto", value: perGb((c) => c.bigBare.cpuSeconds), unit: "CPU-s/GB" },
        {
          what: "big file: bare loop, SHA-256 that can be saved",
          value: perGb((c) => c.bigBareWasm.cpuSeconds),
          unit: "CPU-s/GB",
        },
        {
          what: "small file: worker / bare loop",
          value: ratio(
            (c) => c.smallWorker.seconds,
            (c) => c.smallBare.seconds,
          ),
          unit: "x time",
        },
        {
          what: "small file: worker / bare loop",
          value: ratio(
            (c) => c.smallWorker.cpuSeconds,
            (c) => c.smallBare.cpuSeconds,
          ),
          unit: "x CPU time",
        },
        { what: "small file: worker", value: perFileMs((c) => c.smallWorker.seconds), unit: "ms" },
        { what: "small file: bare loop", value: perFileMs((c) => c.smallBare.seconds), unit: "ms" },
        { what: "small file: worker", value: perFileMs((c) => c.smallWorker.cpuSeconds), unit: "CPU-ms" },
        { what: "small file: bare loop", value: perFileMs((c) => c.smallBare.cpuSeconds), unit: "CPU-ms" },
      ],
      remarks: [
        `Big: one file of ${BIG_BYTES / MIB} MiB. The bare loop only uploads parts. The worker also completes, copies and indexes.`,
        `Small: ${SMALL_FILES} files of ${SMALL_BYTES / KIB} KiB, ten at a time: one GET and one PutObject, compared with the whole protocol.`,
        "Time includes the embedded AWS, which runs in one process of its own. CPU time is the worker's alone.",
      ],
    };
  },
};

async function endpointOf(run: LocalRun): Promise<string> {
  const endpoint = await run.pipeline.clients.s3.config.endpoint?.();
  if (!endpoint) throw new Error("The pipeline's S3 client has no endpoint.");
  const { protocol, hostname, port } = endpoint;
  return `${protocol}//${hostname}:${port ?? 80}`;
}
