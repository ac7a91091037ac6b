import { globSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { AwsRequest } from "../../test/embedded-aws/aws/aws.ts";
import type { JsonLine } from "../../local/shared/lines.ts";
import { runCdkApp } from "../../test/embedded-aws/template/synth.ts";
import { parseTemplates, type Template } from "../../test/embedded-aws/template/template.ts";
import { LocalRun } from "../local-run.ts";
import { rounded, type Figure, type Measurement } from "../harness/measurement.ts";
import { cpuSeconds, requireProc } from "../harness/process-figures.ts";
import { temporaryFolder } from "../harness/temporary-folder.ts";
import { metersOf, sumOf } from "./bill.ts";
import type { Meter } from "./prices.ts";
import { billOfRequests } from "./requests.ts";
import { memoryMbOf, minutesBetweenRuns, monthlyBills, polledQueuesOf } from "./template.ts";

export const ENVIRONMENT_NAMES = ["dev", "staging", "prod"] as const;
export type EnvironmentName = (typeof ENVIRONMENT_NAMES)[number];

/** Meters of the resources in the template that are billed by the month. */
export const MONTHLY_METERS = [
  "alarmMetrics",
  "compositeAlarms",
  "dashboards",
  "insightRules",
  "metrics",
  "keys",
] as const satisfies readonly Meter[];

/** Settings in the template that the models need. */
export const SETTINGS = {
  workerMemoryMb: "worker's memory",
  longWorkerMemoryMb: "memory of the long lane's worker",
  reconcilerMemoryMb: "reconciler's memory",
  minutesBetweenRuns: "minutes between runs of the reconciler",
  polledQueues: "queues that are polled",
} as const;

/** Usage of one run of the reconciler that finds nothing to do. */
export const IDLE_RUN = {
  readUnits: "DynamoDB read units",
  writeUnits: "DynamoDB write units",
  s3Puts: "S3 PUT-class requests",
  requests: "requests, one after the other",
  cpuMs: "CPU time",
  logBytes: "bytes of log",
  logLines: "lines of log",
} as const;

const RUNS = 20;
const RUN_EVERY_MS = 500;

/**
 * The figures of one environment, from all its stacks.
 * @throws RangeError if a resource is billed by a meter that the results do not hold.
 */
export function figuresOfTemplates(name: EnvironmentName, templates: readonly Template[]): readonly Figure[] {
  const bill = sumOf(...monthlyBills(templates));
  const stranger = metersOf(bill).find((meter) => !(MONTHLY_METERS as readonly Meter[]).includes(meter));
  if (stranger !== undefined)
    throw new RangeError(
      `${stranger} is billed by the month and missing from the results. Add it to MONTHLY_METERS in bench/cost/environments.ts.`,
    );
  const figure = (what: string, value: number, unit: string): Figure => ({ what: `${name}: ${what}`, value, unit });
  return [
    ...MONTHLY_METERS.map((meter) => figure(meter, bill[meter] ?? 0, "each")),
    figure(SETTINGS.workerMemoryMb, memoryMbOf(templates, "Worker"), "MB"),
    figure(SETTINGS.longWorkerMemoryMb, memoryMbOf(templates, "LongWorker"), "MB"),
    figure(SETTINGS.reconcilerMemoryMb, memoryMbOf(templates, "Reconciler"), "MB"),
    figure(SETTINGS.minutesBetweenRuns, minutesBetweenRuns(templates, "Reconciler"), "min"),
    figure(SETTINGS.polledQueues, polledQueuesOf(templates), "each"),
  ];
}

async function templatesOf(name: EnvironmentName, folder: string): Promise<readonly Template[]> {
  await runCdkApp(folder, { env: name, "aws:cdk:bundling-stacks": [] });
  const files = globSync("*.template.json", { cwd: folder }).toSorted();
  return [parseTemplates(await Promise.all(files.map(async (file) => readFile(join(folder, file), "utf8"))))];
}

/** Measures from the end of one run's recovery to the end of a later one's, which is a whole number of runs. */
async function idleRun(scope: AsyncDisposableStack): Promise<readonly Figure[]> {
  let seen: AwsRequest[] = [];
  let log: JsonLine[] = [];
  const ends: { readonly requests: number; readonly lines: number }[] = [];
  let pid = 0;
  const run = await LocalRun.start({
    reconcileEveryMs: RUN_EVERY_MS,
    onAwsRequest: (request) => seen.push(request),
    onTelemetry: (line, from) => {
      log.push(line);
      if (line["event"] !== "crash_recovery_event") return;
      pid = from;
      ends.push({ requests: seen.length, lines: log.length });
    },
    onMetrics: (line) => log.push(line),
    onLog: (line) => log.push(line),
  });
  scope.use(run);
  while (ends.length < 2) await sleep(10);
  [seen, log, ends.length] = [[], [], 0];
  const cpuBefore = await cpuSeconds(pid);
  while (ends.length < RUNS + 1) await sleep(10);
  const cpuMs = ((await cpuSeconds(pid)) - cpuBefore) * 1000;
  const [first, last] = [ends[0], ends.at(-1)];
  const own = seen.slice(first?.requests, last?.requests).filter(({ service }) => service !== "sqs");
  const lines = log.slice(first?.lines, last?.lines);
  const bill = billOfRequests(own);
  const logBytes = lines.reduce((sum, line) => sum + Buffer.byteLength(JSON.stringify(line)) + 1, 0);
  const each = (what: string, total: number, unit = "each"): Figure => ({
    what: `idle run: ${what}`,
    value: rounded(total / RUNS, 3),
    unit,
  });
  return [
    each(IDLE_RUN.readUnits, bill.readUnits ?? 0),
    each(IDLE_RUN.writeUnits, bill.writeUnits ?? 0),
    each(IDLE_RUN.s3Puts, bill.s3Puts ?? 0),
    each(IDLE_RUN.requests, own.length),
    each(IDLE_RUN.cpuMs, cpuMs, "CPU-ms"),
    each(IDLE_RUN.logBytes, logBytes, "bytes"),
    each(IDLE_RUN.logLines, lines.length),
  ];
}

export const fixedCosts: Measurement = {
  about: "monthly usage of an environment that does nothing; npm run generate adds the prices",
  async measure(say, scope) {
    requireProc();
    const figures: Figure[] = [];
    for (const name of ENVIRONMENT_NAMES) {
      const { path } = scope.use(await temporaryFolder());
      figures.push(...figuresOfTemplates(name, await templatesOf(name, path)));
      say(`${name} synthesized`);
    }
    figures.push(...(await idleRun(scope)));
    return {
      figures,
      remarks: [
        "Resources are counted from the synthesized templates, and metrics from core/telemetry/metrics.ts, each with one dimension.",
        `An idle run is the mean of ${RUNS} runs of the reconciler on an empty table and an empty staging bucket.`,
      ],
    };
  },
};
