import type { Gate } from "./gate.ts";
import type { GateDocumentPort } from "./gate-reader.ts";
import type { Ledger } from "./ledger.ts";
import type { PartBuffers } from "./part-buffers.ts";
import type { Clock, Content, Http, Items, Queue, Random, Sha256, Staging, Telemetry } from "./ports.ts";
import type { RetryPolicy } from "./retry.ts";

export interface WorkerSettings {
  /** The variable's percentage: whoever it leaves out, the document does not let in. */
  readonly gateCeiling: Gate;
  readonly leaseTtlMs: number;
  readonly requeueGraceMs: number;
  readonly recordRetentionMs: number;
  readonly deadlineBufferMs: number;
  readonly retry: RetryPolicy;
  /** Invocations one job may be carried over. */
  readonly maxHops: number;
  readonly maxBodyBytes: number;
  /** Media types or `type/*`; empty allows all. */
  readonly allowedContentTypes: readonly string[];
  readonly allowPrivateHosts: boolean;
}

export interface WorkerDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly http: Http;
  readonly items: Items;
  readonly gate: GateDocumentPort;
  readonly staging: Staging;
  readonly content: Content;
  readonly queue: Queue;
  readonly sha256: Sha256;
  readonly telemetry: Telemetry;
  readonly ledger: Ledger;
  readonly buffers: PartBuffers;
  readonly settings: WorkerSettings;
}
