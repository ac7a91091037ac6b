/** What the log has of jobs whose workers are killed, with real processes. Only the log is read. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { present } from "../../core/model/present.ts";
import type { JobRecord } from "../../core/model/record.ts";
import { isTerminal } from "../../core/model/states.ts";
import { unpackJob } from "../../core/telemetry/unpack-job.ts";
import type { OriginFile } from "../../local/origin/file.ts";
import { KIB, startRun, startSurroundings, until, type Run, type SeenEvent } from "../e2e/support.ts";

const HOLD_MS = 2_000;
/** A lease is renewed at a third: later than events are held. */
const LEASE_TTL_MS = 9_000;
/** Lines are written in batches of 50 ms, and a busy machine is late with its timers. */
const LATE_MS = 1_000;
/** How many changes of state follow HEAD, STREAM, FINALIZE and INDEX. */
const MOVES = [3, 0, 1, 1];
const WHOLE = [
  "job_planned",
  "job_leased",
  "job_state_changed",
  ...MOVES.flatMap((moves) =>
    ["operation_started", "operation_completed"].concat(Array<string>(moves).fill("job_state_changed")),
  ),
  "lease_released",
];

/** The log as it was written: each process has a stream of its own, which says when it was killed. */
class Log {
  readonly events: (SeenEvent & { readonly pid: number })[] = [];
  readonly packed = new Set<string>();
  readonly kills = new Map<number, number>();

  add(line: Readonly<Record<string, unknown>>, pid: number): void {
    if (line["event"] === "job_packed") this.packed.add(String(line["job_id"]));
    for (const fields of unpackJob(line)) this.events.push({ ...(fields as unknown as SeenEvent), pid });
  }

  kill({ pipeline: { workers } }: Run, pids: readonly number[]): void {
    for (const pid of pids) {
      this.kills.set(pid, Date.now());
      workers.kill(pid);
    }
  }

  of(jobId: string): Log["events"] {
    const own = this.events.filter((event) => "job_id" in event && event.job_id === jobId);
    return own.toSorted((a, b) => atMs(a) - atMs(b));
  }

  /** Whether a process was killed so soon after that time that it may have held what happened then. */
  mayHaveLost(fromMs: number): boolean {
    return [...this.kills.values()].some(
      (killedMs) => killedMs >= fromMs - LATE_MS && killedMs <= fromMs + HOLD_MS + LATE_MS,
    );
  }
}

const atMs = ({ timestamp }: SeenEvent): number => Date.parse(timestamp);

/**
 * What is not in the log of a job, and no kill explains. The record says only when the job began and ended, if the log
 * does not.
 */
function* unexplained(log: Log, { jobId, operations, plannedAtMs }: JobRecord): Generator<string> {
  const events = log.of(jobId);
  const moves = events.flatMap((event) => (event.event === "job_state_changed" ? [event] : []));
  const ends = moves.filter(({ to_state }) => isTerminal(to_state));
  if (ends.length > 1) yield "it ended twice";
  const [first] = moves;
  const plannedMs = first ? atMs(first) - first.since_planned_ms : plannedAtMs;
  const endedMs = operations.INDEX?.atMs ?? plannedMs;
  if (!events.some(({ event }) => event === "job_planned") && !log.mayHaveLost(plannedMs)) yield "its plan is missing";
  let [state, sinceMs]: [string, number] = ["PLANNED", plannedMs];
  for (const move of moves) {
    if (move.from_state !== state && !log.mayHaveLost(sinceMs) && !log.mayHaveLost(atMs(move)))
      yield `its way from ${state} to ${move.from_state} is missing`;
    [state, sinceMs] = [move.to_state, atMs(move)];
  }
  if (ends.length === 0 && !log.mayHaveLost(endedMs)) yield "its end is missing";
  for (const event of events) {
    if (event.event !== "job_leased" || log.kills.has(event.pid)) continue;
    const own = events.filter(({ pid }) => pid === event.pid);
    if (!own.some((other) => other.event === "lease_released" && other.owner === event.owner))
      yield `the end of a lease of process ${event.pid}, which nobody killed, is missing`;
  }
}

const filesOf = (kind: string, count: number, more: Partial<OriginFile>): readonly OriginFile[] =>
  Array.from({ length: count }, (_, index) => ({ name: `${kind}-${index}`, size: 10 * KIB, ...more }));

it("is whole but for what the killed process held, which is what happened in its last HOLD_EVENTS_MS", async () => {
  const log = new Log();
  const run = await startRun({
    ...(await startSurroundings()),
    workerEnv: {
      HOLD_EVENTS_MS: String(HOLD_MS),
      LEASE_TTL_MS: String(LEASE_TTL_MS),
      MAX_ATTEMPTS: "15",
    },
    onTelemetry: (line, pid) => log.add(line, pid),
  });
  const begin = async (files: readonly OriginFile[]): Promise<void> => {
    await run.submit(files);
    await until("all are leased", async () => {
      const { size } = await run.records(files.map((file) => run.idOf(file)));
      return size < files.length ? `${size} have a record` : undefined;
    });
  };

  const quick = filesOf("quick", 20, {});
  await run.submit(quick);
  await run.untilDone(quick);

  const written = filesOf("written", 4, { delayMs: 2 * HOLD_MS });
  await begin(written);
  await sleep(HOLD_MS + LATE_MS);
  log.kill(run, run.pipeline.workers.pids());

  const lost = filesOf("lost", 4, { delayMs: 2 * HOLD_MS });
  await begin(lost);
  log.kill(run, run.pipeline.workers.pids());

  const stormy = filesOf("stormy", 60, { delayMs: 150 });
  await run.submit(stormy);
  for (let round = 0; round < 6; round += 1) {
    await sleep(700);
    log.kill(run, run.pipeline.workers.pids().slice(round % 2, (round % 2) + 1));
  }
  const files = [...quick, ...written, ...lost, ...stormy];
  const records = await run.untilDone(files);
  await run.stop();

  const faults = files.flatMap((file) =>
    [...unexplained(log, present(records.get(run.idOf(file)), file.name))].map((fault) => `${file.name}: ${fault}`),
  );
  expect(faults).toEqual([]);
  // Jobs that nobody disturbed are packed, and whole.
  for (const file of quick) expect(log.packed).toContain(run.idOf(file));
  for (const jobId of log.packed) expect(log.of(jobId).map(({ event }) => event)).toEqual(WHOLE);
  // The worker of these was killed after they had been written, and the worker of those before.
  const begins = (file: OriginFile): boolean => log.of(run.idOf(file)).some(({ event }) => event === "job_planned");
  expect(written.map(begins)).toEqual(written.map(() => true));
  expect(lost.map(begins)).toEqual(lost.map(() => false));
  expect(log.kills.size).toBeGreaterThan(4);
});
