/** Very many jobs that wait for one host, sent through the queue to the bundled workers, and a job of another host. */
import { SendMessageBatchCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import pMap from "p-map";
import { jobIdOf } from "../core/model/keys.ts";
import type { JobMessage } from "../core/model/message.ts";
import type { JsonLine } from "../local/shared/lines.ts";
import { listen } from "../local/shared/loopback.ts";
import { rounded, UsageError, type Figure, type Measured, type Measurement } from "./harness/measurement.ts";
import { cpuSeconds, requireProc } from "./harness/process-figures.ts";
import { DEPLOYED_HOST_RULES, EVENTS_AT_ONCE, LocalRun, startOriginProcess } from "./local-run.ts";

const JOBS = 200_000;
const WORKERS = 5;
const BATCH = 10;
const SENDS_AT_A_TIME = 8;
/** The host asks for the longest wait that the environments allow. */
const RETRY_AFTER_S = 3_600;
const LOOK_EVERY_MS = 1_000;
const PROBE_EVERY_MS = 5_000;
/** A message comes back after 600 s at the earliest, and then waits again. */
const STOPS_AFTER_MS = 540_000;

type Group = "with a group" | "without a group";

async function measureWaiting(
  jobs: number,
  say: (line: string) => void,
  scope: AsyncDisposableStack,
): Promise<Measured> {
  requireProc();
  const busy = await listen(
    createServer((_, response) => response.writeHead(429, { "retry-after": String(RETRY_AFTER_S) }).end()),
  );
  scope.defer(async () => busy.stop());
  const healthy = scope.use(await startOriginProcess());
  const ended = new Map<string, number>();
  const run = scope.use(
    await LocalRun.start({
      workers: WORKERS,
      workerEnv: { ...EVENTS_AT_ONCE, HOST_RULES: DEPLOYED_HOST_RULES },
      onTelemetry: (line: JsonLine) => {
        if (line["to_state"] === "INDEXED" || line["to_state"] === "DEDUPED")
          ended.set(String(line["job_id"]), Date.now());
      },
    }),
  );
  const { clients, names } = run.pipeline;
  const { sqs } = clients;

  const stopsAtMs = Date.now() + STOPS_AFTER_MS;
  const isOver = (): boolean => Date.now() > stopsAtMs;
  let probes = 0;
  const secondsOfNewJob = async (group: Group): Promise<number> => {
    probes += 1;
    const message = healthy.messageOf({ name: `new-${probes}`, size: 1_024 });
    const startedMs = Date.now();
    await sqs.send(
      new SendMessageCommand({
        QueueUrl: names.queueUrl,
        MessageBody: JSON.stringify(message),
        ...(group === "with a group" && { MessageGroupId: new URL(message.url).host }),
      }),
    );
    while (!ended.has(jobIdOf(message)) && !isOver()) await sleep(10);
    return ((ended.get(jobIdOf(message)) ?? Date.now()) - startedMs) / 1000;
  };
  await secondsOfNewJob("with a group");

  const cpuOfWorkers = async (): Promise<number> =>
    (await Promise.all(run.pipeline.workers.pids().map(cpuSeconds))).reduce((sum, seconds) => sum + seconds, 0);
  const workersBefore = await cpuOfWorkers();
  const ownBefore = await cpuSeconds(process.pid);
  const startedMs = Date.now();
  const elapsedS = (): number => (Date.now() - startedMs) / 1000;
  const batches = Array.from({ length: jobs / BATCH }, (_, batch) => batch);
  const sending = pMap(
    batches,
    async (batch) => {
      const entries = Array.from({ length: BATCH }, (_, n) => {
        const message: JobMessage = {
          work_id: "bench",
          artifact_id: `${batch}-${n}`,
          url: `${busy.endpoint}/${batch}/${n}`,
        };
        // Half of the producers forget the group.
        return {
          Id: String(n),
          MessageBody: JSON.stringify(message),
          ...(batch % 2 === 0 && { MessageGroupId: "busy" }),
        };
      });
      await sqs.send(new SendMessageBatchCommand({ QueueUrl: names.queueUrl, Entries: entries }));
    },
    { concurrency: SENDS_AT_A_TIME },
  ).then(() => elapsedS());

  const meanwhile: Record<Group, number[]> = { "with a group": [], "without a group": [] };
  let mostInFlight = 0;
  const probing = (async () => {
    for (let n = 0; ; n++) {
      await sleep(PROBE_EVERY_MS);
      const depth = await run.pipeline.depth();
      if (depth.delayed >= jobs * 0.98 || isOver()) return;
      const group: Group = n % 2 === 0 ? "with a group" : "without a group";
      const seconds = await secondsOfNewJob(group);
      meanwhile[group].push(seconds);
      say(`${elapsedS().toFixed(0)} s: ${JSON.stringify(depth)}; a new host's job ${group}: ${seconds.toFixed(1)} s`);
    }
  })();
  const sentS = await sending;
  say(`all ${jobs} sent after ${sentS.toFixed(0)} s`);
  let depth = await run.pipeline.depth();
  while (depth.visible + depth.inFlight > 0 && !isOver()) {
    mostInFlight = Math.max(mostInFlight, depth.inFlight);
    await sleep(LOOK_EVERY_MS);
    depth = await run.pipeline.depth();
  }
  const waitingS = elapsedS();
  const workersMs = ((await cpuOfWorkers()) - workersBefore) * 1000;
  const ownMs = ((await cpuSeconds(process.pid)) - ownBefore) * 1000;
  await probing;
  say(`${waitingS.toFixed(0)} s: ${JSON.stringify(depth)}`);
  if (depth.visible + depth.inFlight > 0)
    throw new Error(
      `Only ${depth.delayed} of ${jobs} wait after ${waitingS.toFixed(0)} s. From 600 s on they come back: run it with ` +
        `fewer (--jobs), or on a machine with less to do.`,
    );
  const grouped = await secondsOfNewJob("with a group");
  const ungrouped = await secondsOfNewJob("without a group");
  // The last job's own message is deleted after its end is told.
  await sleep(LOOK_EVERY_MS);
  const settled = await run.pipeline.depth();
  const figures: readonly Figure[] = [
    { what: "jobs that wait, as delayed messages", value: settled.delayed, unit: "jobs" },
    { what: "messages in flight, when all wait", value: settled.inFlight, unit: "messages", atMost: 0 },
    { what: "most messages in flight meanwhile", value: mostInFlight, unit: "messages", atMost: WORKERS * BATCH },
    { what: "put to wait", value: rounded(settled.delayed / waitingS, 0), unit: "jobs a second" },
    { what: "CPU time of the workers, each job", value: rounded(workersMs / settled.delayed), unit: "CPU-ms" },
    { what: "CPU time of the embedded AWS, each job", value: rounded(ownMs / settled.delayed), unit: "CPU-ms" },
    { what: "a new host's job, when all wait, with a group", value: rounded(grouped), unit: "s" },
    { what: "a new host's job, when all wait, without a group", value: rounded(ungrouped), unit: "s" },
    ...(Object.entries(meanwhile) as [Group, number[]][]).map(([group, seconds]) => ({
      what: `a new host's job, behind the messages that are yet to be put to wait, ${group}: at most`,
      value: rounded(Math.max(0, ...seconds), 1),
      unit: "s",
    })),
  ];
  return {
    figures,
    remarks: [
      `One host answers 429 with Retry-After: ${RETRY_AFTER_S}. Every message goes through the queue to ${WORKERS} bundled workers in batches of ${BATCH}; half of them have no message group.`,
      "The embedded queue hands messages out in their order and knows no fair queues, so a group makes no difference there: what is measured meanwhile is what a producer without groups sees.",
    ],
  };
}

export const waiting: Measurement = {
  about: "jobs that wait for one host: messages in flight, and the time of another host's job",
  measure: async (say, scope) => measureWaiting(JOBS, say, scope),
  part: (options) => {
    const jobs = options[0] === "--jobs" ? Number(options[1]) : Number.NaN;
    if (!Number.isInteger(jobs) || jobs < BATCH || jobs % BATCH !== 0)
      throw new UsageError(`Write --jobs and a multiple of ${BATCH}.`);
    return {
      about: `${jobs} jobs that wait for one host`,
      measure: async (say, scope) => measureWaiting(jobs, say, scope),
    };
  },
};
