/** A run that never took place: its database, filled by the engine's own classes, and its events and log. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { LocalDatabase } from "../../../adapters/local/database.ts";
import { createTables } from "../../../adapters/local/schema.ts";
import { jobIdOf, jobKeyOf } from "../../../core/model/keys.ts";
import { telemetryEvent } from "../../../core/telemetry/event-schemas.ts";
import type { TelemetryEvent } from "../../../core/telemetry/events.ts";
import { packJob } from "../../../core/telemetry/packed-job.ts";
import { EndStore } from "../../../local/run/end-store.ts";
import { LineStore, type Metadata } from "../../../local/run/line-store.ts";
import type { Outcome } from "../../../local/run/outcome.ts";

export const STARTED_AT_MS = Date.UTC(2026, 10, 27, 8);
export const SHA256 = "ab".repeat(32);

export const stored = (bytes: number, more: Partial<Outcome> = {}): Outcome => ({
  state: "INDEXED",
  sha256: SHA256,
  bytes,
  content_type: "application/pdf",
  key: `sha256/ab/ab/${SHA256}`,
  attempts: 1,
  resumed_bytes: 0,
  reason: null,
  ...more,
});

export const failed = (reason: string, more: Partial<Outcome> = {}): Outcome => ({
  state: "FAILED",
  sha256: null,
  bytes: null,
  content_type: null,
  key: null,
  attempts: 1,
  resumed_bytes: 0,
  reason,
  ...more,
});

interface MadeUpJob {
  readonly url: string;
  readonly artifactId?: string;
  readonly metadata?: Metadata;
  /** Absent: the job has not ended. */
  readonly outcome?: Outcome;
  readonly name?: string;
}

export class MadeUpRun {
  readonly folder = mkdtempSync(join(tmpdir(), "fetchonce-made-up-"));
  readonly database = new LocalDatabase(this.path("state.db"), { checkpoints: false });
  readonly #lines: LineStore;
  readonly #ends: EndStore;
  #line = 0;

  constructor() {
    onTestFinished(() => {
      this.database.close();
      rmSync(this.folder, { recursive: true });
    });
    createTables(this.database, this.folder);
    this.#lines = new LineStore(this.database);
    this.#ends = new EndStore(this.database);
    this.#lines.begin();
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Adds a line to the list, and the end of its job. @returns the job's id. */
  add({ url, artifactId = "a", metadata, outcome, name }: MadeUpJob): string {
    this.#line += 1;
    const message = { work_id: "w", artifact_id: artifactId, url };
    this.#lines.add({ line: this.#line, message, metadata });
    const jobId = jobIdOf(message);
    if (outcome) this.#ends.put({ jobId, outcome, name: name ?? null, mtimeMs: null });
    return jobId;
  }

  addAll(jobs: readonly MadeUpJob[]): readonly string[] {
    return this.database.transaction(() => jobs.map((job) => this.add(job)));
  }

  /** Writes an event of so many ms after the run's start. */
  emit(afterMs: number, event: TelemetryEvent): void {
    const { event: name, ...fields } = event;
    const timestamp = new Date(STARTED_AT_MS + afterMs).toISOString();
    const line = telemetryEvent.parse({ event: name, timestamp, ...fields });
    appendFileSync(this.path("events.jsonl"), `${JSON.stringify(line)}\n`);
  }

  log(afterMs: number, message: string, fields: Readonly<Record<string, unknown>>): void {
    const timestamp = new Date(STARTED_AT_MS + afterMs).toISOString();
    appendFileSync(this.path("log.jsonl"), `${JSON.stringify({ level: "info", timestamp, message, ...fields })}\n`);
  }

  /** A worker takes the job, and downloads it in so many ms. */
  emitDownload(jobId: string, url: string, fromMs: number, downloadMs: number): void {
    const endMs = fromMs + downloadMs;
    const op_key = jobId;
    const step = { event: "job_state_changed", job_id: jobId, since_planned_ms: downloadMs } as const;
    const message = { work_id: "w", artifact_id: "a", url };
    this.emit(fromMs, { event: "job_planned", ...message, job_id: jobId, idempotency_key: jobKeyOf(message) });
    this.emitLease(jobId, fromMs, "w-1/1");
    this.emit(fromMs, { event: "operation_started", job_id: jobId, op_key, op_type: "STREAM" });
    this.emit(endMs, {
      event: "operation_completed",
      job_id: jobId,
      op_key,
      op_type: "STREAM",
      result_code: "OK",
      elapsed_ms: downloadMs,
    });
    this.emit(endMs, { ...step, from_state: "STREAMING", to_state: "FINALIZED" });
    this.emit(endMs, { ...step, from_state: "FINALIZED", to_state: "INDEXED" });
    this.emit(endMs, { event: "lease_released", job_id: jobId, owner: "w-1/1" });
  }

  emitLease(jobId: string, atMs: number, owner: string): void {
    this.emit(atMs, { event: "job_leased", job_id: jobId, owner, ttl_sec: 30, acquired_in_ms: 1 });
  }

  emitFailure(jobId: string, atMs: number, reason: string): void {
    this.emit(atMs, {
      event: "job_state_changed",
      job_id: jobId,
      from_state: "LEASED",
      to_state: "FAILED",
      since_planned_ms: 0,
      reason,
      failure_class: "origin",
      host: "example.com",
    });
  }
}

/** Packs the events of each of the jobs, which are lines of their own, into one line. */
export function packEvents(path: string, jobs: readonly string[]): void {
  const lines = readFileSync(path, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as TelemetryEvent & { readonly timestamp: string });
  const packed = jobs.map((jobId) =>
    packJob(
      lines
        .filter((line) => "job_id" in line && line.job_id === jobId)
        .map(({ timestamp, ...event }) => ({ atMs: Date.parse(timestamp), event })),
    ),
  );
  writeFileSync(path, packed.map((line) => `${JSON.stringify(line)}\n`).join(""));
}
