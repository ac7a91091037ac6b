import { spawn } from "node:child_process";
import { once } from "node:events";
import { performance } from "node:perf_hooks";
import type { Writable } from "node:stream";
import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import { boundedSink } from "../adapters/node/bounded-sink.ts";
import { EmbeddedMetrics } from "../adapters/powertools/metrics.ts";
import { measuredTelemetry } from "../adapters/powertools/stdout-telemetry.ts";
import { telemetryEvent } from "../core/telemetry/event-schemas.ts";
import type { TelemetryEvent } from "../core/telemetry/events.ts";
import type { Telemetry } from "../core/ports/telemetry.ts";
import type { OriginFile } from "../local/origin/file.ts";
import { EVENTS_AT_ONCE, LocalRun, startOriginProcess } from "./local-run.ts";
import { KIB, medianOf, rounded, type Measurement } from "./harness/measurement.ts";
import { cpuSeconds, requireProc } from "./harness/process-figures.ts";

const JOBS = 300;
const JOBS_AN_INVOCATION = 10;
const FILE_BYTES = 16 * KIB;
const ROUNDS = 15;
const REPEATED = 10;
const GREATEST_SHARE_PERCENT = 1;
/** As deployed. */
const HELD = { holdMs: 5000, samplePercent: 100 };

interface Recorded {
  /** The events that the worker emitted for all jobs, grouped into as many as one invocation emits. */
  readonly invocations: readonly (readonly TelemetryEvent[])[];
  readonly wallMsPerJob: number;
  readonly cpuMsPerJob: number;
}

/** Runs real jobs through the bundled worker, and records their events and what they cost. */
async function recordJobs(scope: AsyncDisposableStack): Promise<Recorded> {
  const events: TelemetryEvent[] = [];
  const origin = scope.use(await startOriginProcess());
  const run = scope.use(
    await LocalRun.start({
      workerEnv: EVENTS_AT_ONCE,
      onTelemetry: (line) => {
        const { timestamp, ...event } = line;
        telemetryEvent.parse({ timestamp, ...event });
        if (event["event"] !== "crash_recovery_event") events.push(event as unknown as TelemetryEvent);
      },
    }),
  );
  const messagesOf = (round: string) =>
    Array.from({ length: JOBS }, (_, index): OriginFile => ({ name: `${round}-${index}`, size: FILE_BYTES })).map(
      (file) => origin.messageOf(file),
    );
  await run.download(messagesOf("warm-up"));
  await sleep(200);
  events.length = 0;
  const [cpuBefore, startedMs] = [await cpuSeconds(run.workerPid), performance.now()];
  await run.download(messagesOf("measured"));
  const wallMs = performance.now() - startedMs;
  const cpuMs = ((await cpuSeconds(run.workerPid)) - cpuBefore) * 1000;
  while (events.filter(({ event }) => event === "lease_released").length < JOBS) await sleep(50);
  const perInvocation = Math.ceil((events.length * JOBS_AN_INVOCATION) / JOBS);
  const invocations = Array.from({ length: JOBS / JOBS_AN_INVOCATION }, (_, index) =>
    events.slice(index * perInvocation, (index + 1) * perInvocation),
  );
  return { invocations, wallMsPerJob: wallMs / JOBS, cpuMsPerJob: cpuMs / JOBS };
}

/** A pipe that another process empties, as a function's log is emptied. */
function startReader(scope: AsyncDisposableStack): Writable {
  const reader = spawn("cat", { stdio: ["pipe", "ignore", "inherit"] });
  scope.defer(async () => {
    reader.stdin.end();
    await once(reader, "exit");
  });
  return reader.stdin;
}

const nullTelemetry: Telemetry = {
  emit: () => undefined,
  log: () => undefined,
  flush: () => undefined,
  invocationStarted: () => undefined,
};

function metricsAlone(): Telemetry {
  const metrics = new EmbeddedMetrics("bench", () => undefined);
  return {
    emit: (event) => metrics.count(event),
    log: () => undefined,
    flush: () => void metrics.publishStoredMetrics(),
    invocationStarted: () => undefined,
  };
}

/** @returns CPU milliseconds for each job, of all threads, with writing included. */
async function cpuMsOf({ invocations }: Recorded, telemetry: Telemetry, pipe: Writable): Promise<number> {
  const before = process.cpuUsage();
  for (let round = 0; round < REPEATED; round += 1) {
    for (const events of invocations) {
      for (const event of events) telemetry.emit(event);
      telemetry.flush();
      while (pipe.writableLength > 0) await setImmediate();
    }
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / REPEATED / JOBS;
}

export const telemetry: Measurement = {
  about: `CPU time of the events and metrics of ${JOBS} real jobs, in turns with a null sink; medians of ${ROUNDS} rounds`,
  async measure(say, scope) {
    requireProc();
    const recorded = await recordJobs(scope);
    const events = recorded.invocations.flat().length;
    say(`recorded ${events} events of ${JOBS} jobs`);
    const pipe = startReader(scope);
    const sinks = {
      whole: measuredTelemetry("bench", boundedSink(pipe), HELD),
      metrics: metricsAlone(),
      none: nullTelemetry,
    };
    const rounds: { whole: number; metrics: number; none: number }[] = [];
    for (let round = 0; round <= ROUNDS; round += 1) {
      const costs = {
        whole: await cpuMsOf(recorded, sinks.whole, pipe),
        metrics: await cpuMsOf(recorded, sinks.metrics, pipe),
        none: await cpuMsOf(recorded, sinks.none, pipe),
      };
      if (round > 0) rounds.push(costs);
    }
    const wholeMs = medianOf(rounds.map(({ whole, none }) => whole - none));
    const metricsMs = medianOf(rounds.map(({ metrics, none }) => metrics - none));
    const percent = (of: number): number => rounded((100 * wholeMs) / of, 2);
    return {
      figures: [
        { what: "telemetry of a job, above a null sink", value: rounded(wholeMs, 3), unit: "CPU-ms" },
        { what: "of that, metrics", value: rounded(metricsMs, 3), unit: "CPU-ms" },
        {
          what: "telemetry / what a job of 16 KiB takes, ten at a time",
          value: percent(recorded.wallMsPerJob),
          unit: "% of time",
          atMost: GREATEST_SHARE_PERCENT,
        },
        { what: "telemetry / the worker's CPU for it", value: percent(recorded.cpuMsPerJob), unit: "% of CPU" },
        { what: "events of a job", value: rounded(events / JOBS, 1), unit: "each" },
      ],
      remarks: [
        "The time of a job includes the embedded AWS. The goal for a job's telemetry is 0.1 CPU-ms.",
        "The events are those of the bundled worker. They are emitted again, often enough to be measured, into a pipe that another process empties.",
      ],
    };
  },
};
