import { powertoolsLedger } from "../../adapters/ledger.ts";
import { PartBuffers } from "../../core/part-buffers.ts";
import { redriveFailed } from "../../core/redrive-failed.ts";
import type { WorkerSettings } from "../../core/worker-deps.ts";
import { createHandler as createAnnouncer } from "../../lambdas/announcer/create-handler.ts";
import { createHandler as createReconciler } from "../../lambdas/reconciler/create-handler.ts";
import { createHandler as createWorker } from "../../lambdas/worker/create-handler.ts";
import type { SimulatedBus } from "./bus.ts";
import { Violation } from "./invariants.ts";
import type { SimulatedOrigin } from "./origin.ts";
import { through, type SimulatedProcess } from "./process.ts";
import type { SimulatedQueue } from "./queue.ts";
import {
  CONTENT_BUCKET,
  ORPHAN_AGE_MS,
  PART_BUFFERS,
  PART_BYTES,
  RECORD_CONCURRENCY,
  REQUEUE_GRACE_MS,
} from "./settings.ts";
import { plainSha256 } from "./stubs.ts";
import type { Trace } from "./trace.ts";
import type { WatchedPorts } from "./watched-ports.ts";

/** More than any schedule has: the simulation is not about the limits of one run. */
const RECONCILER_LIMITS = { recoverLimit: 20, sweepLimit: 100 };
const REOPENED_AT_MOST = 20;

export interface Services {
  readonly ports: WatchedPorts;
  readonly queue: SimulatedQueue;
  readonly origin: SimulatedOrigin;
  readonly trace: Trace;
}

/** The product's own worker, in a process that may die, among simulated services. */
export const workerIn = (process: SimulatedProcess, services: Services, settings: WorkerSettings) =>
  createWorker(
    {
      clock: process.clock,
      random: process.random,
      http: services.origin.portOf(process),
      items: services.ports.items(process),
      staging: services.ports.staging(process),
      content: services.ports.content(process),
      queue: through(process, "queue", services.queue.port),
      sha256: plainSha256,
      telemetry: services.trace.telemetryOf(process.name),
      ledger: powertoolsLedger(process.clock),
      buffers: new PartBuffers(PART_BUFFERS, PART_BYTES),
      settings,
    },
    RECORD_CONCURRENCY,
  );

export const reconcilerIn = (process: SimulatedProcess, services: Services) =>
  createReconciler({
    clock: process.clock,
    items: services.ports.items(process),
    queue: through(process, "queue", services.queue.port),
    staging: services.ports.staging(process),
    telemetry: services.trace.telemetryOf(process.name),
    settings: { requeueGraceMs: REQUEUE_GRACE_MS, orphanAgeMs: ORPHAN_AGE_MS, ...RECONCILER_LIMITS },
  });

interface AnnouncerServices {
  readonly bus: SimulatedBus;
  readonly trace: Trace;
  readonly failIf: (check: () => void) => void;
}

/** What the protocol writes makes sense to the announcer, always. */
export const announcerIn = (process: SimulatedProcess, { bus, failIf, trace }: AnnouncerServices) =>
  createAnnouncer({
    bus: through(process, "bus", bus.port),
    deadLetters: {
      sendToDeadLetters: async (_body, reason) =>
        failIf(() => {
          throw new Violation(`${process.name} could make no sense of a record: ${reason}`);
        }),
    },
    telemetry: trace.telemetryOf(process.name),
    contentBucket: CONTENT_BUCKET,
  });
/** An operator's `redrive failed`, of all that failed. */
export const redriveIn = async (process: SimulatedProcess, services: Services): Promise<unknown> =>
  redriveFailed(
    {
      clock: process.clock,
      random: process.random,
      items: services.ports.items(process),
      failedJobs: services.ports.failedJobs(process),
      queue: services.ports.operatorsQueue(process, services.queue.port),
      telemetry: services.trace.telemetryOf(process.name),
      settings: { requeueGraceMs: REQUEUE_GRACE_MS },
    },
    { selection: {}, limit: REOPENED_AT_MOST, isDryRun: false, onJob: () => undefined },
  );
