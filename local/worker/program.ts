/** A worker process of a local run. It works until its parent says stop, or is gone. */
import fs from "node:fs";
import { nodeDecoder } from "../../adapters/node/decoder.ts";
import { LocalDatabase } from "../../adapters/local/database.ts";
import { runClock } from "../../adapters/local/clock.ts";
import { localContent } from "../../adapters/local/content.ts";
import { onDisk } from "../../adapters/local/disk.ts";
import { localItems } from "../../adapters/local/items.ts";
import { MachineTroubleError } from "../../adapters/local/machine-trouble.ts";
import { networkTrouble } from "../../adapters/local/network-trouble.ts";
import { localQueue } from "../../adapters/local/queue.ts";
import { fileDigests } from "../../adapters/local/digests.ts";
import { localSecrets } from "../../adapters/local/secrets.ts";
import { localStaging } from "../../adapters/local/staging.ts";
import { nodeHttp } from "../../adapters/http/node-http.ts";
import { proxiesOf } from "../../adapters/http/proxies.ts";
import { youngGarbage } from "../../adapters/http/young-garbage.ts";
import { systemRandom } from "../../adapters/node/random.ts";
import { lineTelemetry } from "../../adapters/node/telemetry.ts";
import { powertoolsLedger } from "../../adapters/powertools/ledger.ts";
import { GateReader } from "../../core/gate/gate-reader.ts";
import { causesOf, RunEndsError } from "../../core/model/errors.ts";
import { Hosts } from "../../core/flow/hosts.ts";
import { FREE } from "../../core/origin/host-visit.ts";
import { HeadMemory } from "../../core/origin/head-memory.ts";
import { RobotsMemory } from "../../core/origin/robots/robots.ts";
import { HostMemory } from "../../core/origin/host-memory.ts";
import { PartBuffers } from "../../core/transfer/part-buffers.ts";
import type { WorkerDeps } from "../../core/worker/worker-deps.ts";
import { foldersOf } from "../folders.ts";
import { LEASE_TTL_MS, MOST_RECEIVES, PART_BYTES, workerSettings } from "../settings.ts";
import { shareLock } from "../shared/lock.ts";
import { Activity } from "./activity.ts";
import { EndReporter } from "./ends.ts";
import { ownerOf, type FromWorker, type ToWorker, type WorkerAssignment } from "./messages.ts";
import { observedTelemetry } from "./observed-telemetry.ts";
import { work } from "./work-loop.ts";

const REPORT_EVERY_MS = 200;
/** A laptop has memory to spare. ADR 0007 says what this saves. */
const GARBAGE_BYTES = 8 * 1024 * 1024;
/** Parts in flight besides the one that each download fills. */
const SPARE_BUFFERS = 4;

const stopping = new AbortController();
const stop = (): void => stopping.abort(new RunEndsError("run_ends"));
/** Tells the parent if this machine is to blame. @returns whether it is. */
function tellTrouble(error: unknown): boolean {
  const trouble = causesOf(error).find((link) => link instanceof MachineTroubleError);
  if (trouble) tell({ kind: "trouble", sentence: trouble.sentence });
  return trouble !== undefined;
}
const tell = (message: FromWorker): void => void (process.connected && process.send?.(message));

async function start(assignment: WorkerAssignment): Promise<void> {
  const { holder, slots, web } = assignment;
  const folders = foldersOf(assignment.out);
  const release = shareLock(folders.state);
  const clock = runClock({ ...assignment.clock, monotonicNs: BigInt(assignment.clock.monotonicNs) });
  const database = new LocalDatabase(folders.database, { checkpoints: false });
  const staging = localStaging(folders.staging, PART_BYTES);
  const content = localContent(folders.content, staging.pathOf);
  const queue = localQueue(database, { clock, holder, visibilityMs: LEASE_TTL_MS, mostReceives: MOST_RECEIVES });
  const items = localItems(database);
  const activity = new Activity();
  const onError = (error: unknown): void => {
    telemetry.log("error", "A worker process met trouble.", {}, error);
  };
  const reporter = new EndReporter((ends) => tell({ kind: "ended", ends }));
  const telemetry = observedTelemetry(lineTelemetry(appendTo(folders.events)), lineTelemetry(appendTo(folders.log)), {
    onLeased: (jobId) => activity.begin(jobId),
    onReleased: (jobId) => activity.end(jobId),
    onEnded: (end) => reporter.ended(end),
    onError: (error) => {
      if (tellTrouble(error)) stop();
    },
  });
  const random = { ...systemRandom, uniqueId: () => ownerOf(holder, systemRandom.uniqueId()) };
  const settings = workerSettings(assignment);
  const http = nodeHttp(
    { connectTimeoutMs: web.connectTimeoutMs, idleTimeoutMs: web.timeoutMs },
    { garbage: youngGarbage(GARBAGE_BYTES), machineTrouble: networkTrouble, proxies: proxiesOf(process.env) },
  );
  const deps: WorkerDeps = {
    clock,
    random,
    hosts: new Hosts({ clock, random, items, pool: http, settings }),
    visit: FREE,
    http: activity.watchHttp(http),
    heads: new HeadMemory(),
    robots: new RobotsMemory(),
    ranges: new HostMemory(),
    items,
    gate: new GateReader({ clock, items, telemetry }),
    staging: activity.watchStaging(staging),
    content,
    direct: undefined,
    queue,
    decoder: nodeDecoder,
    digests: fileDigests(staging),
    secrets: localSecrets(web.secretsFile, process.env),
    telemetry,
    ledger: powertoolsLedger(clock),
    buffers: new PartBuffers(slots + SPARE_BUFFERS, PART_BYTES),
    settings,
  };
  const reporting = setInterval(() => tell({ kind: "activity", ...activity.report() }), REPORT_EVERY_MS);
  tell({ kind: "ready" });
  try {
    await work({ deps, queue, slots, stopping: stopping.signal });
  } catch (error) {
    onError(error);
  }
  reporter.flush();
  clearInterval(reporting);
  tell({ kind: "activity", ...activity.report() });
  telemetry.flush();
  database.close();
  release();
  if (process.connected) process.disconnect();
  process.exit();
}

/** Appends whole batches of lines, which other processes append to as well. */
function appendTo(path: string): (lines: string) => void {
  const file = onDisk(path, () => fs.openSync(path, "a"));
  return (lines) => void fs.writeSync(file, lines);
}

let hasStarted = false;
process.on("message", (message: ToWorker) => {
  if (message.kind === "stop") {
    stop();
    if (!hasStarted) process.exit();
    return;
  }
  hasStarted = true;
  start(message.assignment).catch((error: unknown) => {
    if (!tellTrouble(error)) throw error;
    process.exit(1);
  });
});
// The parent is gone: its successor waits until we are, too.
process.on("disconnect", () => {
  stop();
  if (!hasStarted) process.exit();
});
// Ctrl-C and a closed terminal reach the whole process group. The parent decides what they mean.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => undefined);
