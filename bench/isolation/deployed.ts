/** What sick origins cost the jobs of other origins in the deployed pipeline: bundled handlers, batches of ten. */
import { SetQueueAttributesCommand } from "@aws-sdk/client-sqs";
import { setTimeout as sleep } from "node:timers/promises";
import { jobIdOf } from "../../core/model/keys.ts";
import type { JobMessage } from "../../core/model/message.ts";
import type { JsonLine } from "../../local/shared/lines.ts";
import { startChild } from "../harness/child.ts";
import { rounded, type Measurement } from "../harness/measurement.ts";
import { scoped } from "../harness/scope.ts";
import { DEPLOYED_HOST_RULES, LocalRun } from "../local-run.ts";
import { SICKNESSES, type Sickness } from "./mixed-origin.ts";

const HEALTHY = 200;
const HEALTHY_HOSTS = 20;
const SICK = 100;
const BATCH = 10;
const RATIO_BOUND = 1.3;
const LONGEST_SICK_MS = 120_000;
const VISIBILITY_S = "120";
const DELAY_MS = 400;
const TIMEOUT_MS = 2_000;
const ATTEMPTS = 3;
const RETRY_BASE_MS = 500;
const KINDS: readonly Sickness[] = ["dribbles", "stalls", "silent", "throttles"];
/** Time-outs and attempts as in the local measurement; all else as in dev. */
const SETTINGS = {
  HTTP_IDLE_TIMEOUT_MS: String(TIMEOUT_MS),
  HTTP_HEAD_TIMEOUT_MS: String(TIMEOUT_MS),
  MAX_ATTEMPTS: String(ATTEMPTS),
  RETRY_BASE_MS: String(RETRY_BASE_MS),
  LEASE_TTL_MS: "120000",
  HOST_RULES: DEPLOYED_HOST_RULES,
};

interface Mix {
  readonly what: string;
  readonly workers: number;
  readonly place: "before" | "between";
  readonly hosts: number;
}

const MIXES: readonly Mix[] = [
  { what: "100 sick files before the healthy ones, each on its own host", workers: 5, place: "before", hosts: SICK },
  { what: "100 between them, each on its own host", workers: 5, place: "between", hosts: SICK },
  { what: "100 before them, each on its own host, 20 workers", workers: 20, place: "before", hosts: SICK },
  { what: "100 before them, all on one other host", workers: 5, place: "before", hosts: 1 },
];

interface Ended {
  readonly atMs: number;
  readonly state: string;
  readonly reason: string | undefined;
}

/** When each job was first leased, and how it ended, from the workers' events. */
class Ends {
  readonly leasedMs = new Map<string, number>();
  readonly ended = new Map<string, Ended>();

  readonly see = (line: JsonLine): void => {
    const {
      event,
      failure_reason: failure,
      job_id: jobId = "",
      reason,
      timestamp,
      to_state: state,
    } = line as Readonly<Record<string, string>>;
    const atMs = Date.parse(String(timestamp));
    if (event === "job_leased" && !this.leasedMs.has(jobId)) this.leasedMs.set(jobId, atMs);
    if (event === "job_state_changed" && ["INDEXED", "DEDUPED", "FAILED"].includes(String(state)))
      this.ended.set(jobId, { atMs, state: String(state), reason: failure ?? reason });
  };

  async until(messages: readonly JobMessage[]): Promise<void> {
    const ids = messages.map(jobIdOf);
    while (ids.some((id) => !this.ended.has(id))) await sleep(20);
  }
}

function messageOf(url: string): JobMessage {
  return { work_id: "bench", artifact_id: new URL(url).pathname, url };
}

const healthyMessages = (origins: readonly string[], name: string): readonly JobMessage[] =>
  Array.from({ length: HEALTHY }, (_, n) => messageOf(`${origins[n % HEALTHY_HOSTS]}/healthy/${name}-${n}`));

const sickMessages = (origins: readonly string[], hosts: number): readonly (readonly [JobMessage, string])[] =>
  Array.from({ length: SICK }, (_, n) => {
    const kind = KINDS[n % KINDS.length] ?? "silent";
    return [messageOf(`${origins[HEALTHY_HOSTS + (n % hosts)]}/${kind}/${n}`), SICKNESSES[kind]] as const;
  });

function mixed({ place }: Mix, healthy: readonly JobMessage[], sick: readonly JobMessage[]): readonly JobMessage[] {
  if (place === "before") return [...sick, ...healthy];
  return healthy.flatMap((message, n) => [...sick.slice((n * SICK) / HEALTHY, ((n + 1) * SICK) / HEALTHY), message]);
}

interface Timing {
  readonly aloneS: number;
  readonly mixedS: number;
  readonly sickS: number;
}

async function measure(mix: Mix, origins: readonly string[]): Promise<Timing> {
  return scoped(async (scope) => {
    const ends = new Ends();
    const run = scope.use(
      await LocalRun.start({ workers: mix.workers, batchSize: BATCH, workerEnv: SETTINGS, onTelemetry: ends.see }),
    );
    const { clients, names } = run.pipeline;
    // The embedded environment's own is shorter than the lease, and then a batch that is under way comes again.
    const Attributes = { VisibilityTimeout: VISIBILITY_S };
    await clients.sqs.send(new SetQueueAttributesCommand({ QueueUrl: names.queueUrl, Attributes }));
    const seconds = async (submitted: readonly JobMessage[], healthy: readonly JobMessage[]): Promise<number> => {
      const startedMs = Date.now();
      await run.pipeline.submit(submitted);
      await ends.until(healthy);
      return (
        (Math.max(...healthy.map((message) => ends.ended.get(jobIdOf(message))?.atMs ?? Infinity)) - startedMs) / 1000
      );
    };
    // Each worker has opened its connections then.
    const warm = Array.from({ length: mix.workers * 2 }, (_, n) =>
      healthyMessages(origins, `warm-${n}`).slice(0, BATCH),
    ).flat();
    await seconds(warm, warm);
    const alone = healthyMessages(origins, "alone");
    const aloneS = await seconds(alone, alone);
    const beside = healthyMessages(origins, "beside");
    const sick = sickMessages(origins, mix.hosts);
    const mixedS = await seconds(
      mixed(
        mix,
        beside,
        sick.map(([message]) => message),
      ),
      beside,
    );
    // A host that fails five times in a row is down, and its jobs wait for a day.
    if (mix.hosts < SICK) return { aloneS, mixedS, sickS: 0 };
    const endsAtMs = Date.now() + LONGEST_SICK_MS;
    while (sick.some(([message]) => !ends.ended.has(jobIdOf(message))) && Date.now() < endsAtMs) await sleep(100);
    const tookS = sick.map(([message, wanted]) => {
      const id = jobIdOf(message);
      const end = ends.ended.get(id);
      if (end?.reason !== `retries_exhausted:${wanted}`)
        throw new Error(
          `${message.url} ended as ${end?.reason ?? "nothing"}, so the measurement is void. Run it again.`,
        );
      return (end.atMs - (ends.leasedMs.get(id) ?? 0)) / 1000;
    });
    return { aloneS, mixedS, sickS: Math.max(...tookS) };
  });
}

export const isolationDeployed: Measurement = {
  about: `time until the last of ${HEALTHY} healthy files of 4 KiB is done, beside files of sick origins / alone, deployed`,
  async measure(say, scope) {
    const child = scope.use(
      await startChild(new URL("origins-program.ts", import.meta.url), {
        ORIGINS: String(HEALTHY_HOSTS + SICK),
        DELAY_MS: String(DELAY_MS),
      }),
    );
    const origins = child.greeting as readonly string[];
    const timings: Timing[] = [];
    for (const mix of MIXES) {
      const timing = await measure(mix, origins);
      const { aloneS, mixedS, sickS } = timing;
      say(
        `${mix.what}: ${mixedS.toFixed(1)} s, alone ${aloneS.toFixed(1)} s (longest sick one: ${sickS.toFixed(1)} s)`,
      );
      timings.push(timing);
    }
    return {
      figures: [
        ...MIXES.map(({ what }, n) => ({
          what,
          value: rounded((timings[n]?.mixedS ?? NaN) / (timings[n]?.aloneS ?? NaN)),
          unit: "x",
          atMost: RATIO_BOUND,
        })),
        {
          what: "longest time of a sick file, from its first lease",
          value: rounded(Math.max(...timings.map(({ sickS }) => sickS)), 1),
          unit: "s",
        },
      ],
      remarks: [
        `Bundled handlers on the embedded AWS, batches of ${BATCH}, 5 workers (dev's concurrency) or 20 (that of staging), 16 connections a host. The healthy files have ${HEALTHY_HOSTS} hosts, which answer after ${DELAY_MS} ms.`,
        `A quarter each dribbles a byte a second, stalls in mid-body, is silent, and answers 429. Time-outs of ${TIMEOUT_MS / 1000} s, ${ATTEMPTS} attempts. Every one that had its own host failed with its reason.`,
      ],
    };
  },
};
