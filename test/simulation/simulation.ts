import type { Context, SQSEvent, SQSRecord } from "aws-lambda";
import { createHash } from "node:crypto";
import { powertoolsLedger } from "../../adapters/ledger.ts";
import type { Item } from "../../core/items.ts";
import { jobIdOf, jobIdOfStagingKey, jobItemKey } from "../../core/keys.ts";
import { gateAdmits } from "../../core/gate.ts";
import { jobMessage, type JobMessage } from "../../core/message.ts";
import { PartBuffers } from "../../core/part-buffers.ts";
import type { Items, RunningSha256, Sha256, Staging, Telemetry } from "../../core/ports.ts";
import { reconcile } from "../../core/reconcile.ts";
import { isJobState, isTerminal } from "../../core/states.ts";
import type { WorkerDeps, WorkerSettings } from "../../core/worker-deps.ts";
import { createHandler } from "../../lambdas/worker/create-handler.ts";
import { simulatedBlobs, type SimulatedBlobs } from "./blobs.ts";
import { checkContent, checkDuplicate, checkRemoval, TableWatch, Violation } from "./invariants.ts";
import { simulatedItems, type SimulatedItems } from "./items.ts";
import { SimulatedOrigin, type OriginAnswer } from "./origin.ts";
import { SimulatedProcess, through, type Boundary, type Fault } from "./process.ts";
import { SimulatedQueue, type QueuedMessage } from "./queue.ts";
import { type Dice, VirtualTime } from "./time.ts";

export const PART_BYTES = 8;
export const LEASE_TTL_MS = 15_000;
export const RECONCILE_EVERY_MS = 20_000;
export const REQUEUE_GRACE_MS = 30_000;
export const VISIBILITY_MS = 60_000;
const INVOCATION_MS = 60_000;
const MAX_RECEIVES = 50;
export const POLL_EVERY_MS = 1_000;
const ORPHAN_AGE_MS = 120_000;
const MAX_ATTEMPTS = 6;
/** The worst wait of each kind, one after the other: the message, the lease, the reconciler, an attempt; twice over. */
const HEALING_MS = 2 * (VISIBILITY_MS + LEASE_TTL_MS + RECONCILE_EVERY_MS + REQUEUE_GRACE_MS + INVOCATION_MS);

const SETTINGS: WorkerSettings = {
  gate: 100,
  leaseTtlMs: LEASE_TTL_MS,
  requeueGraceMs: REQUEUE_GRACE_MS,
  recordRetentionMs: 86_400_000,
  deadlineBufferMs: 10_000,
  retry: { maxAttempts: MAX_ATTEMPTS, baseMs: 1000, capMs: 10_000 },
  maxHops: 50,
  maxBodyBytes: 100_000,
  allowedContentTypes: [],
  allowPrivateHosts: false,
};

export interface OriginQuestion {
  readonly method: string;
  readonly url: string;
}

export interface Scenario {
  readonly messages: readonly (JobMessage | string)[];
  prepare(origin: SimulatedOrigin): void;
  /** How the origin answers; the scenario's own trouble, apart from the faults. */
  answer?(request: OriginQuestion, nth: number, origin: SimulatedOrigin): OriginAnswer;
  readonly settings?: Partial<WorkerSettings>;
  /** Between two events: to change a version, to turn the gate. */
  onEvent?(simulation: Simulation): void;
}

export interface SimulationOptions {
  readonly scenario: Scenario;
  readonly dice: Dice;
  readonly workers: number;
  readonly latencyMs: number;
  /** The fault at the nth call of a port, counted over all processes. */
  readonly faultAt: (nth: number, boundary: Boundary) => Fault | undefined;
  readonly skewMs?: (role: string) => number;
  /** From then on everything must heal. */
  readonly faultsEndMs: number;
  readonly trace?: (line: string) => void;
}

export class Simulation {
  readonly time = new VirtualTime();
  readonly items: SimulatedItems = simulatedItems();
  readonly blobs: SimulatedBlobs;
  readonly queue: SimulatedQueue;
  readonly origin: SimulatedOrigin;
  readonly boundaries: Boundary[] = [];
  settings: WorkerSettings;
  crashes = 0;
  #lowestGate = 100;
  readonly #options: SimulationOptions;
  readonly #watch = new TableWatch(MAX_ATTEMPTS);
  readonly #jobs: readonly string[];
  readonly #busy = new Set<SimulatedProcess>();
  readonly #startMs: number;
  #processes = 0;
  #answers = new Map<string, number>();
  #violation: Error | undefined;

  constructor(options: SimulationOptions) {
    this.#options = options;
    const { scenario } = options;
    this.settings = { ...SETTINGS, ...scenario.settings };
    this.blobs = simulatedBlobs({
      nowMs: () => this.time.nowMs,
      every: () => () => undefined,
      after: () => () => undefined,
    });
    this.queue = new SimulatedQueue(this.time, VISIBILITY_MS, MAX_RECEIVES);
    this.origin = new SimulatedOrigin((request) => this.#answerTo(request));
    scenario.prepare(this.origin);
    const jobs = scenario.messages.filter((message) => typeof message !== "string");
    this.#jobs = [...new Set(jobs.map((message) => jobItemKey(jobIdOf(message))))];
    for (const message of scenario.messages) {
      this.queue.add(typeof message === "string" ? message : JSON.stringify(message));
    }
    this.#startMs = this.time.nowMs;
    this.time.plan(0, () => this.#poll());
    this.time.plan(RECONCILE_EVERY_MS, () => this.#startReconciler());
  }

  /** Runs until everything has healed. @throws Violation */
  async run(): Promise<void> {
    const { scenario, faultsEndMs } = this.#options;
    const endMs = this.#startMs + faultsEndMs + HEALING_MS;
    while (!this.#isHealed()) {
      await this.time.step();
      scenario.onEvent?.(this);
      if (this.#violation) throw this.#violation;
      if (this.time.nowMs > endMs) throw new Violation(`not healed in time: ${this.#illness().join(", ")}`);
    }
    this.#checkContent();
  }

  get elapsedMs(): number {
    return this.time.nowMs - this.#startMs;
  }

  get areFaultsOver(): boolean {
    return this.elapsedMs >= this.#options.faultsEndMs;
  }

  get areJobsRecorded(): boolean {
    return this.#jobs.every((key) => this.items.all.has(key));
  }

  get areJobsFinished(): boolean {
    return this.#jobs.every((key) => isFinished(this.items.all.get(key)) || this.#isUnguarded(key));
  }

  #isHealed(): boolean {
    const isAtRest = this.areFaultsOver && this.#busy.size === 0 && this.queue.messages.size === 0;
    return isAtRest && this.#illness().length === 0;
  }

  #illness(): readonly string[] {
    const open = this.#jobs.filter((key) => !isFinished(this.items.all.get(key)));
    const litter = [...this.blobs.stagedObjects.keys(), ...[...this.blobs.uploads.values()].map(({ key }) => key)];
    const inProgress = [...this.items.all].filter(
      ([key, item]) =>
        isFinished(item) &&
        !key.startsWith("HASH#") &&
        JSON.stringify(item).includes('"STARTED"') &&
        item["state"] !== "FAILED",
    );
    return [
      ...open.filter((key) => !this.#isBuried(key) && !this.#isUnguarded(key)),
      ...litter,
      ...inProgress.map(([key]) => `${key} in progress`),
      ...[...this.queue.messages.values()].map(({ body }) => `queued ${body}`),
    ];
  }

  /** A job that never got a record because its message ran out of deliveries: told, not lost. */
  #isBuried(key: string): boolean {
    if (this.items.all.has(key)) return false;
    return this.queue.deadLetters.some(
      ({ body }) => body.startsWith("{") && jobItemKey(jobIdOf(JSON.parse(body))) === key,
    );
  }

  /** With the gate off a job has no record: that its message has left the queue is all there is to see. */
  #isUnguarded(key: string): boolean {
    return this.#lowestGate < 100 && !this.items.all.has(key);
  }

  #answerTo(request: OriginQuestion): OriginAnswer {
    const { scenario } = this.#options;
    const nth = (this.#answers.get(`${request.method} ${request.url}`) ?? 0) + 1;
    this.#answers.set(`${request.method} ${request.url}`, nth);
    return scenario.answer?.(request, nth, this.origin) ?? { kind: "body" };
  }

  #startProcess(role: string, check: (boundary: Boundary) => void = () => undefined): SimulatedProcess {
    const { dice, latencyMs, faultAt, skewMs, trace } = this.#options;
    const process: SimulatedProcess = new SimulatedProcess(
      `${role}${++this.#processes}`,
      {
        time: this.time,
        dice,
        latencyMs,
        faultAt: (boundary) => {
          this.boundaries.push(boundary);
          this.#failIf(() => check(boundary));
          return faultAt(this.boundaries.length, boundary);
        },
        trace: (line) => trace?.(`${this.elapsedMs} ${line}`),
      },
      skewMs?.(role) ?? 0,
      () => {
        this.crashes += 1;
        this.#busy.delete(process);
      },
    );
    this.#busy.add(process);
    return process;
  }

  #poll(): void {
    this.time.plan(POLL_EVERY_MS, () => this.#poll());
    if (this.#busy.size >= this.#options.workers) return;
    const messages = this.queue.receive(this.#options.dice.between(1, 3));
    if (messages.length > 0) this.#invoke(messages);
  }

  #invoke(messages: readonly QueuedMessage[]): void {
    const { gate } = this.settings;
    this.#lowestGate = Math.min(this.#lowestGate, gate);
    const isDuplicate = messages.every(({ body }) => this.#isOfFinishedJob(body));
    const process = this.#startProcess("worker", isDuplicate ? checkDuplicate : undefined);
    const endMs = this.time.nowMs + INVOCATION_MS;
    const stopWatch = this.time.plan(INVOCATION_MS, () => process.die("the invocation timed out"));
    const handler = createHandler(this.#depsOf(process), 10);
    const context = { getRemainingTimeInMillis: () => endMs - this.time.nowMs } as Context;
    const work = async (): Promise<void> => {
      const { batchItemFailures } = await handler(eventOf(messages), context);
      const returned = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
      const done = messages.filter(({ id }) => !returned.has(id));
      await process.call("queue", "acknowledge", async () => {
        for (const message of done) this.#acknowledge(process, message, gate);
      });
      stopWatch();
      this.#busy.delete(process);
    };
    work().catch(this.#fail);
  }

  #isOfFinishedJob(body: string): boolean {
    const parsed = jobMessage.safeParse(tryJson(body));
    if (!parsed.success) return false;
    const jobId = jobIdOf(parsed.data);
    const isGuarded = parsed.data.tracked === true || gateAdmits(this.settings.gate, jobId);
    return isGuarded && isFinished(this.items.all.get(jobItemKey(jobId)));
  }

  /** A message leaves only when its job is terminal, or its record alone brings it back, or it lies with the dead. */
  #acknowledge(process: SimulatedProcess, { receipt, body }: QueuedMessage, gate: number): void {
    this.queue.delete(receipt);
    if (this.queue.deadLetters.some((letter) => letter.body === body)) return;
    try {
      const item = this.items.all.get(jobItemKey(jobIdOf(JSON.parse(body) as JobMessage)));
      const isRevivable = item?.["watch_shard"] !== undefined && item["url"] !== undefined;
      if (isFinished(item) || isRevivable || gate < 100) return;
    } catch {
      // A body that is no message must have been buried: it was not.
    }
    this.#fail(new Violation(`${process.name} acknowledged ${body}, whose job nothing brings back`));
  }

  #startReconciler(): void {
    this.time.plan(RECONCILE_EVERY_MS, () => this.#startReconciler());
    const process = this.#startProcess("reconciler");
    const { clock } = process;
    void reconcile({
      clock,
      items: this.#itemsOf(process),
      queue: through(process, "queue", this.queue.port),
      staging: through(process, "staging", this.#stagingOf(process)),
      telemetry: silent,
      settings: { requeueGraceMs: REQUEUE_GRACE_MS, recoverLimit: 20, sweepLimit: 100, orphanAgeMs: ORPHAN_AGE_MS },
    }).then(
      () => this.#busy.delete(process),
      () => this.#busy.delete(process),
    );
  }

  /** Nobody removes what a job that is not finished needs. */
  #stagingOf(process: SimulatedProcess): Staging {
    const { staging } = this.blobs;
    const check = (key: string, uploadId?: string): void =>
      this.#failIf(() =>
        checkRemoval(process.name, this.items.all.get(jobItemKey(jobIdOfStagingKey(key))), key, uploadId),
      );
    return {
      ...staging,
      delete: async (key) => {
        check(key);
        return staging.delete(key);
      },
      abortUpload: async (upload) => {
        check(upload.key, upload.uploadId);
        return staging.abortUpload(upload);
      },
    };
  }

  #itemsOf(process: SimulatedProcess): Items {
    return through(process, "items", {
      ...this.items,
      write: async (write) => {
        const before = this.items.all.get(write.key);
        const outcome = await this.items.write(write);
        if (!outcome.applied) return outcome;
        this.#failIf(() => this.#watch.applied(process.name, write, before, outcome.item));
        return outcome;
      },
    } satisfies Items);
  }

  #depsOf(process: SimulatedProcess): WorkerDeps {
    let ids = 0;
    return {
      clock: process.clock,
      random: {
        fraction: () => this.#options.dice.fraction(),
        uniqueId: () => `${process.name}-${++ids}`,
      },
      http: this.origin.portOf(process),
      items: this.#itemsOf(process),
      staging: through(process, "staging", this.#stagingOf(process)),
      content: through(process, "content", this.blobs.content),
      queue: through(process, "queue", this.queue.port),
      sha256: plainSha256,
      telemetry: silent,
      ledger: powertoolsLedger(process.clock),
      buffers: new PartBuffers(4, PART_BYTES),
      settings: this.settings,
    };
  }

  #checkContent(): void {
    const versions = [...this.origin.resources.values()].flatMap((resource) => resource.versions);
    checkContent(this.blobs.contentObjects, this.blobs.contentWrites, versions);
    for (const [key, item] of this.items.all) {
      if (item["state"] !== "INDEXED" && item["state"] !== "DEDUPED") continue;
      const result = item["op_stream"] as { result?: { sha256?: string } };
      const entry = this.items.all.get(`HASH#${result.result?.sha256}`);
      if (!entry) throw new Violation(`${key} is ${item["state"]}, but its hash is not indexed`);
    }
  }

  #failIf(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.#fail(error);
    }
  }

  readonly #fail = (error: unknown): void => {
    this.#violation ??= error instanceof Error ? error : new Violation(String(error));
  };
}

const isFinished = (item: Item | undefined): boolean => {
  const state = item?.["state"];
  return isJobState(state) && isTerminal(state);
};

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const silent: Telemetry = { emit: () => undefined, log: () => undefined, flush: () => undefined };

/** Keeps all bytes as its state: small here, and without the wasm module's asynchronous start. */
const plainSha256: Sha256 = {
  create: async () => collecting([]),
  restore: async (state) => collecting([Buffer.from(state, "base64")]),
};

const collecting = (pieces: Uint8Array[]): RunningSha256 => ({
  update: (bytes) => void pieces.push(Buffer.from(bytes)),
  save: () => Buffer.concat(pieces).toString("base64"),
  digest: () => createHash("sha256").update(Buffer.concat(pieces)).digest("hex"),
});

const eventOf = (messages: readonly QueuedMessage[]): SQSEvent => ({
  Records: messages.map(
    ({ id, body, receipt, receives }) =>
      ({
        messageId: id,
        receiptHandle: receipt,
        body,
        attributes: { ApproximateReceiveCount: String(receives) },
      }) as SQSRecord,
  ),
});
