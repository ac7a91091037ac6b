import { nodeDecoder } from "../../adapters/node/decoder.ts";
import { wasmDigests } from "../../adapters/node/digests.ts";
import { powertoolsLedger } from "../../adapters/powertools/ledger.ts";
import { deliver, type Verdict } from "../../core/worker/deliver.ts";
import type { TelemetryEvent } from "../../core/telemetry/events.ts";
import { GateReader } from "../../core/gate/gate-reader.ts";
import { jobIdOf, jobItemKey } from "../../core/model/keys.ts";
import type { JobMessage } from "../../core/model/message.ts";
import type { Write, WriteResult } from "../../core/model/write.ts";
import { PartBuffers } from "../../core/transfer/part-buffers.ts";
import { KEEPS_NONE, type Http, type HttpRequest, type HttpResponse } from "../../core/ports/http.ts";
import type { OutgoingMessage } from "../../core/model/message.ts";
import type { Items } from "../../core/ports/items.ts";
import type { Queue } from "../../core/ports/queue.ts";
import type { Clock, Random } from "../../core/ports/runtime.ts";
import type { Telemetry } from "../../core/ports/telemetry.ts";
import { reconcile, type Reconciliation } from "../../core/recovery/reconcile.ts";
import { decodeJob } from "../../core/model/record-codec.ts";
import type { JobRecord } from "../../core/model/record.ts";
import { DISPATCH_AHEAD_MS, LONGEST_DELAY_MS } from "../../core/model/waiting.ts";
import { Hosts } from "../../core/flow/hosts.ts";
import { FREE } from "../../core/origin/host-visit.ts";
import { HeadMemory } from "../../core/origin/head-memory.ts";
import { RobotsMemory } from "../../core/origin/robots/robots.ts";
import { HostMemory } from "../../core/origin/host-memory.ts";
import { reachOf } from "../../core/origin/reach.ts";
import type { WorkerDeps, WorkerSettings } from "../../core/worker/worker-deps.ts";
import { checkEvent } from "../event-check.ts";
import { simulatedBlobs, type SimulatedBlobs } from "./services/blobs.ts";
import { simulatedItems, type SimulatedItems } from "./services/items.ts";

/** A clock that moves only by `advance`, which fires the timers in order. */
export interface SimulatedClock extends Clock {
  advance(ms: number): Promise<void>;
}

export function simulatedClock(startMs = 1_800_000_000_000): SimulatedClock {
  let nowMs = startMs;
  const timers = new Set<{ atMs: number; task: () => void; periodMs?: number }>();
  const add = (delayMs: number, task: () => void, periodMs?: number) => {
    const timer = { atMs: nowMs + delayMs, task, ...(periodMs !== undefined && { periodMs }) };
    timers.add(timer);
    return () => void timers.delete(timer);
  };
  return {
    nowMs: () => nowMs,
    every: (periodMs, task) => add(periodMs, task, periodMs),
    after: (delayMs, task) => add(delayMs, task),
    async advance(ms) {
      await settled();
      const untilMs = nowMs + ms;
      for (;;) {
        const [next] = [...timers].filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs);
        if (!next) break;
        nowMs = Math.max(nowMs, next.atMs);
        if (next.periodMs === undefined) timers.delete(next);
        else next.atMs += next.periodMs;
        next.task();
        await settled();
      }
      nowMs = Math.max(nowMs, untilMs);
      await settled();
    },
  };
}

/** Resolves when everything that waits only for promises has run. */
export const settled = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export type Origin = (request: HttpRequest) => HttpResponse | Promise<HttpResponse>;

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly setCookies?: readonly string[];
  readonly body?: Uint8Array | AsyncIterable<Uint8Array>;
}

export function answer({ status = 200, headers = {}, setCookies = [], body = new Uint8Array() }: Answer): HttpResponse {
  const pieces = body instanceof Uint8Array ? piecesOf(body) : body;
  return { status, headers, setCookies, body: pieces, discard: () => undefined };
}

/** The size of the pieces in which a body arrives, in bytes. */
export const PIECE_BYTES = 3;

async function* piecesOf(body: Uint8Array): AsyncIterable<Uint8Array> {
  for (let at = 0; at < body.length; at += PIECE_BYTES) yield body.subarray(at, at + PIECE_BYTES);
}

/** An origin that serves one body under a strong ETag and honours Range and If-Range. */
export function fileOrigin(body: Uint8Array, etag = '"v1"', contentType = "text/plain"): Origin {
  const headers = { etag, "content-type": contentType };
  return ({ method, headers: asked }) => {
    const [, start, last] = /^bytes=(\d+)-(\d*)$/.exec(asked["range"] ?? "") ?? [];
    const isSame = asked["if-range"] === undefined || asked["if-range"] === etag;
    if (method === "HEAD" || start === undefined || !isSame) {
      const length = { ...headers, "content-length": String(body.length) };
      return answer({ headers: length, ...(method === "GET" && { body }) });
    }
    const end = last ? Math.min(Number(last) + 1, body.length) : body.length;
    const rest = body.subarray(Number(start), end);
    const range = `bytes ${start}-${end - 1}/${body.length}`;
    return answer({
      status: 206,
      headers: { ...headers, "content-range": range, "content-length": String(rest.length) },
      body: rest,
    });
  };
}

export const MESSAGE: JobMessage = { work_id: "work", artifact_id: "artifact", url: "https://origin.example/file" };

const SETTINGS: WorkerSettings = {
  gateCeiling: 100,
  leaseTtlMs: 120_000,
  looksEveryMs: 0,
  requeueGraceMs: 60_000,
  recordRetentionMs: 86_400_000,
  deadlineBufferMs: 30_000,
  retry: { maxAttempts: 3, baseMs: 1000, capMs: 60_000, longestWaitMs: 43_200_000 },
  longestDelayMs: LONGEST_DELAY_MS,
  dispatchAheadMs: DISPATCH_AHEAD_MS,
  hostRules: [],
  hostPatienceMs: 86_400_000,
  maxHops: 5,
  watchShards: 64,
  maxBodyBytes: 1_000_000,
  allowedContentTypes: [],
  reach: reachOf([], false),
  mostRedirects: 20,
  headTimeoutMs: 10_000,
  obeysRobots: false,
  requestHeaders: { usual: {}, byHost: [] },
  stageFromBytes: 0,
  unwatchedForMs: 0,
  regroupAfterMs: 0,
  shortLane: undefined,
  mostBrokenConnections: 0,
  mostRanges: 1,
  keepsContentEncoding: false,
  pace: { leastBytesPerSecond: 0, overMs: 60_000, partMs: Number.POSITIVE_INFINITY },
};

/** Tiny, so that a body of a few bytes has parts. The simulated bucket has no minimum part size. */
export const PART_BYTES = 8;
/** A body of up to so many bytes needs no part buffer. */
const SMALL_BYTES = 2;

export interface World extends SimulatedBlobs {
  readonly clock: SimulatedClock;
  readonly items: SimulatedItems;
  readonly deps: WorkerDeps;
  readonly events: readonly TelemetryEvent[];
  readonly logs: readonly string[];
  readonly requests: readonly HttpRequest[];
  readonly sent: OutgoingMessage[];
  readonly deadLetters: readonly { readonly body: string; readonly reason: string }[];
  readonly hidden: readonly number[];
  serve(origin: Origin): void;
  /** Delivers one message. `as` is another worker's view of the same services. */
  deliver(message?: object | string, outOfTime?: AbortSignal, as?: WorkerDeps): Promise<Verdict>;
  reconcile(deps?: WorkerDeps): Promise<Reconciliation>;
  job(message?: JobMessage): JobRecord | undefined;
}

export interface WorldOptions {
  readonly settings?: Partial<WorkerSettings>;
  /** Wraps the ports to make them fail or stop. */
  readonly wrap?: (deps: WorkerDeps) => WorkerDeps;
}

/** `wrap` for a table whose writes go through `change`, which may refuse them, repeat them, or look at them. */
export const writingBy =
  (change: (pass: () => Promise<WriteResult>, write: Write) => Promise<WriteResult>) =>
  <Deps extends { readonly items: Pick<Items, "write"> }>(deps: Deps): Deps => ({
    ...deps,
    items: { ...deps.items, write: async (write: Write) => change(async () => deps.items.write(write), write) },
  });

export function world({ settings, wrap = (deps) => deps }: WorldOptions = {}): World {
  const clock = simulatedClock();
  const items = simulatedItems();
  const blobs = simulatedBlobs(clock);
  const events: TelemetryEvent[] = [];
  const logs: string[] = [];
  const requests: HttpRequest[] = [];
  const sent: OutgoingMessage[] = [];
  const deadLetters: { body: string; reason: string }[] = [];
  const hidden: number[] = [];
  let origin: Origin = () => answer({ status: 404 });
  let ids = 0;

  const telemetry: Telemetry = {
    emit: (event) => {
      checkEvent(event);
      events.push(event);
    },
    log: (level, message, fields, error) =>
      void logs.push(
        `${level}: ${message} ${JSON.stringify(fields)}${error instanceof Error ? ` ${error.message}` : ""}`,
      ),
    flush: () => undefined,
    invocationStarted: () => undefined,
  };
  const queue: Queue = {
    send: async (messages) => void sent.push(...messages),
    sendToDeadLetters: async (body, reason) => void deadLetters.push({ body, reason }),
    hideFor: async (_receipt, delayMs) => void hidden.push(delayMs),
  };
  const http: Http = {
    async request(request) {
      await request.whenDue?.();
      requests.push(request);
      request.signal.throwIfAborted();
      return origin(request);
    },
  };
  const random: Random = {
    fraction: () => 0.5,
    uniqueId: () => {
      ids += 1;
      return `owner-${ids}`;
    },
  };
  const allSettings: WorkerSettings = { ...SETTINGS, ...settings };
  const plainDeps: WorkerDeps = {
    clock,
    random,
    hosts: new Hosts({ clock, random, items, pool: KEEPS_NONE, settings: allSettings }),
    visit: FREE,
    http,
    heads: new HeadMemory(),
    robots: new RobotsMemory(),
    ranges: new HostMemory(),
    items,
    gate: new GateReader({ clock, items, telemetry }),
    staging: blobs.staging,
    content: blobs.content,
    direct: blobs.content,
    queue,
    secrets: { read: async () => undefined },
    decoder: nodeDecoder,
    digests: wasmDigests,
    telemetry,
    ledger: powertoolsLedger(clock),
    buffers: new PartBuffers(4, PART_BYTES, SMALL_BYTES),
    settings: allSettings,
  };
  const deps = wrap(plainDeps);

  return {
    ...blobs,
    clock,
    items,
    deps,
    events,
    logs,
    requests,
    sent,
    deadLetters,
    hidden,
    serve: (next) => {
      origin = next;
    },
    deliver: async (message = MESSAGE, outOfTime = new AbortController().signal, as = deps) =>
      deliver(
        as,
        {
          body: typeof message === "string" ? message : JSON.stringify(message),
          messageId: "m",
          receiptHandle: "r",
          receiveCount: 1,
          sentAtMs: clock.nowMs(),
        },
        outOfTime,
      ),
    reconcile: async (as = deps) =>
      reconcile({
        ...as,
        settings: {
          requeueGraceMs: SETTINGS.requeueGraceMs,
          recoverLimit: 10,
          sweepLimit: 100,
          orphanAgeMs: 3_600_000,
        },
      }),
    job(message = MESSAGE) {
      const item = items.all.get(jobItemKey(jobIdOf(message)));
      return item && decodeJob(item);
    },
  };
}
