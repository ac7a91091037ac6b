import { KEEPS_NONE } from "../../core/ports/http.ts";
import type { Inbox } from "../../core/ports/queue.ts";
import { nodeDecoder } from "../../adapters/node/decoder.ts";
import { powertoolsLedger } from "../../adapters/powertools/ledger.ts";
import { lineText } from "../../core/batches/batch-lines.ts";
import { cancelBatch } from "../../core/batches/cancel-batch.ts";
import { changeGateBy } from "../../core/gate/change-gate.ts";
import type { Gate } from "../../core/gate/gate.ts";
import { GateReader } from "../../core/gate/gate-reader.ts";
import { HostRulesReader } from "../../core/flow/host-rules-reader.ts";
import { Hosts } from "../../core/flow/hosts.ts";
import { commandHostRule } from "../../core/flow/command-host-rules.ts";
import { FREE } from "../../core/origin/host-visit.ts";
import { jobIdOf } from "../../core/model/keys.ts";
import type { JobMessage } from "../../core/model/message.ts";
import { HeadMemory } from "../../core/origin/head-memory.ts";
import { RobotsMemory } from "../../core/origin/robots/robots.ts";
import { HostMemory } from "../../core/origin/host-memory.ts";
import { PartBuffers } from "../../core/transfer/part-buffers.ts";
import { redriveDeadLetters } from "../../core/recovery/redrive-dead-letters.ts";
import { redriveFailed } from "../../core/recovery/redrive-failed.ts";
import type { WorkerSettings } from "../../core/worker/worker-deps.ts";
import { createHandler as createAnnouncer } from "../../lambdas/announcer/create-handler.ts";
import { createHandler as createReconciler } from "../../lambdas/reconciler/create-handler.ts";
import { createHandler as createWorker } from "../../lambdas/worker/create-handler.ts";
import type { HostRuleChange, Limits } from "./services/limits.ts";
import type { SimulatedBus } from "./services/bus.ts";
import { Violation } from "./oracle/invariants.ts";
import type { SimulatedOrigin } from "./services/origin.ts";
import { through, type SimulatedProcess } from "./services/process.ts";
import type { Lane, SimulatedQueue } from "./services/queue.ts";
import {
  CONTENT_BUCKET,
  ORPHAN_AGE_MS,
  PART_BUFFERS,
  PART_BYTES,
  SMALL_BYTES,
  RECORD_CONCURRENCY,
  REQUEUE_GRACE_MS,
  SETTINGS,
} from "./services/settings.ts";
import { endsWatch } from "./services/shards.ts";
import { plainDigests } from "./services/stubs.ts";
import type { Trace } from "./services/trace.ts";
import type { WatchedPorts } from "./watched-ports.ts";

/** Higher than any schedule needs. */
export const NO_LIMITS = { recoverLimit: 20, sweepLimit: 100 };
const MAX_REOPENED = 20;

export interface Services {
  readonly ports: WatchedPorts;
  readonly queue: SimulatedQueue;
  readonly origin: SimulatedOrigin;
  readonly trace: Trace;
  readonly limits: Limits | undefined;
}

/** The product's own worker, in a process that may die, on simulated services. */
export const workerIn = (
  process: SimulatedProcess,
  services: Services,
  settings: WorkerSettings,
  lane: Lane = "short",
  inbox?: Inbox,
) => {
  const { clock } = process;
  const items = services.ports.items(process);
  const telemetry = services.trace.telemetryOf(process.name);
  const { random } = process;
  const buffers = new PartBuffers(PART_BUFFERS, PART_BYTES, SMALL_BYTES);
  const content = services.ports.content(process);
  const queue = services.ports.workersQueue(process, services.queue.portOf(lane));
  const handler = createWorker(
    {
      clock,
      random,
      hosts: new Hosts({
        clock,
        random,
        items,
        pool: KEEPS_NONE,
        operators: new HostRulesReader({ clock, items, telemetry }),
        settings,
      }),
      visit: FREE,
      http: services.origin.portOf(process),
      heads: new HeadMemory(),
      robots: new RobotsMemory(),
      ranges: new HostMemory(),
      items,
      gate: new GateReader({ clock, items, telemetry }),
      staging: services.ports.staging(process),
      content,
      direct: content,
      queue,
      secrets: { read: async () => undefined },
      decoder: nodeDecoder,
      digests: plainDigests,
      telemetry,
      ledger: powertoolsLedger(clock),
      buffers,
      settings,
    },
    RECORD_CONCURRENCY,
    () => ({ queue, inbox }),
  );
  return { handler, buffers };
};

/** @param nth how many were started before: every third one keeps watching what it dispatches. */
export const reconcilerIn = (process: SimulatedProcess, services: Services, nth: number) =>
  createReconciler({
    clock: process.clock,
    random: process.random,
    items: services.ports.items(process),
    queue: services.ports.reconcilersQueue(process, services.queue.portOf("short")),
    staging: services.ports.staging(process),
    telemetry: services.trace.telemetryOf(process.name),
    settings: {
      requeueGraceMs: REQUEUE_GRACE_MS,
      orphanAgeMs: ORPHAN_AGE_MS,
      endsWatch: endsWatch(nth),
      ...(services.limits ?? NO_LIMITS),
    },
  });

interface AnnouncerServices {
  readonly bus: SimulatedBus;
  readonly batchBytes: number | undefined;
  readonly trace: Trace;
  readonly failIf: (check: () => void) => void;
}

/** The announcer. It can read everything that the protocol writes; a dead letter is a violation. */
export const announcerIn = (process: SimulatedProcess, { batchBytes, bus, failIf, trace }: AnnouncerServices) =>
  createAnnouncer({
    bus: through(process, "bus", bus.port),
    deadLetters: {
      sendToDeadLetters: async (_body, reason) =>
        failIf(() => {
          throw new Violation(`${process.name} could not read a record: ${reason}`);
        }),
    },
    telemetry: trace.telemetryOf(process.name),
    contentBucket: CONTENT_BUCKET,
    batchBytes,
  });

/** An operator's `redrive dead-letters`. */
export const redriveLettersIn = async (process: SimulatedProcess, { queue }: Services): Promise<unknown> =>
  redriveDeadLetters(
    {
      deadLetters: through(process, "deadLetters", queue.deadLetterPort),
      queue: through(process, "queue", queue.portOf("short")),
    },
    { isDryRun: false, onLetter: () => undefined },
  );

/** An operator's `gate set`. */
export const turnGateIn = async (process: SimulatedProcess, services: Services, percent: Gate): Promise<unknown> =>
  changeGateBy({ clock: process.clock, items: services.ports.items(process) }, process.name, (gate) =>
    gate?.percent === percent
      ? undefined
      : { percent, phase: "set", retreatTo: percent, reason: "the schedule turns it" },
  );

/** An operator's `hosts set` or `hosts unset`. */
export const changeHostRuleIn = async (
  process: SimulatedProcess,
  services: Services,
  { limits, pattern }: HostRuleChange,
): Promise<unknown> =>
  commandHostRule(
    { clock: process.clock, items: services.ports.items(process) },
    { pattern, limits, reason: "the schedule changes it" },
    process.name,
  );

/** An operator's `batch cancel`. */
export const cancelIn = async (
  process: SimulatedProcess,
  services: Services,
  messages: readonly JobMessage[],
): Promise<unknown> => {
  const lines = messages.map((message) => `${lineText(jobIdOf(message), JSON.stringify(message), undefined)}\n`);
  return cancelBatch(
    {
      clock: process.clock,
      random: process.random,
      items: services.ports.items(process),
      files: { read: async () => lines.join(""), write: async () => undefined },
      telemetry: services.trace.telemetryOf(process.name),
      settings: { recordRetentionMs: SETTINGS.recordRetentionMs },
    },
    { id: "batch", files: 1, phase: "waiting" },
    { isDryRun: false, onLine: () => undefined },
  );
};

/** An operator's `redrive failed` of all failed jobs. */
export const redriveIn = async (
  process: SimulatedProcess,
  services: Services,
  alsoCancelled: boolean,
): Promise<unknown> =>
  redriveFailed(
    {
      clock: process.clock,
      random: process.random,
      items: services.ports.items(process),
      failedJobs: services.ports.failedJobs(process),
      queue: services.ports.operatorsQueue(process, services.queue.portOf("short")),
      telemetry: services.trace.telemetryOf(process.name),
      settings: { requeueGraceMs: REQUEUE_GRACE_MS },
    },
    { selection: { alsoCancelled }, limit: MAX_REOPENED, isDryRun: false, onJob: () => undefined },
  );
