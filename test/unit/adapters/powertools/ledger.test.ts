import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { powertoolsLedger } from "../../../../adapters/powertools/ledger.ts";
import { LeaseLostError, PermanentError, RetryableError, asJobError } from "../../../../core/model/errors.ts";
import type { Item } from "../../../../core/model/write.ts";
import { jobIdOf, jobItemKey, jobKeyOf } from "../../../../core/model/keys.ts";
import { acquireLease } from "../../../../core/worker/acquire-lease.ts";
import type { LeasedJob } from "../../../../core/worker/leased-job.ts";
import type { Ledger } from "../../../../core/ports/ledger.ts";
import type { Operation, OperationResult } from "../../../../core/model/operations.ts";
import { decodeJob } from "../../../../core/model/record-codec.ts";
import type { JobRecord } from "../../../../core/model/record.ts";
import { recoverJob } from "../../../../core/model/recovery-protocol.ts";
import { headStep, indexStep } from "../../../../core/model/steps.ts";
import { MESSAGE, settled, world, type World } from "../../../simulation/world.ts";

/** An operation whose result is recorded at once. */
const stepOf = (url: string): Operation => ({ ...headStep(url), isRepeatable: () => false });
const HEAD = stepOf(MESSAGE.url);
const RESULT: OperationResult = { validator: '"v1"', bytes: 5 };
const OTHER_RESULT: OperationResult = { validator: '"v2"', bytes: 6 };
const LEASE_TTL_MS = 120_000;

let sim: World;
let ledger: Ledger;
let executions = 0;

beforeEach(() => {
  sim = world();
  ledger = powertoolsLedger(sim.clock);
  executions = 0;
});
afterEach(() => {
  vi.unstubAllEnvs();
});

const take = async (): Promise<LeasedJob> => {
  const acquired = await acquireLease(sim.deps, MESSAGE, jobKeyOf(MESSAGE), {
    onRenewed: () => undefined,
    sentAtMs: 0,
    isWatched: true,
  });
  if (acquired.kind !== "leased") throw new Error(`The job is ${acquired.kind}.`);
  // No heartbeat: in these tests a lease ends when its time is up.
  acquired.job.stop();
  return acquired.job;
};
const takeOver = async (): Promise<LeasedJob> => {
  await sim.clock.advance(LEASE_TTL_MS);
  return take();
};
const returning = (result: OperationResult) => async () => {
  executions += 1;
  return result;
};
const throwing = (error: unknown) => async () => {
  executions += 1;
  throw error;
};
const stored = (): Item | undefined => sim.items.all.get(jobItemKey(jobIdOf(MESSAGE)));
const record = (): JobRecord => decodeJob(stored() ?? {});
const eventsNamed = (name: string) => sim.events.filter(({ event }) => event === name);
const thrownBy = async (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => new Error("Nothing was thrown."),
    (error: unknown) => error,
  );

/** An operation that runs until `finish` or `fail` is called. */
function paused(): {
  execute: () => Promise<OperationResult>;
  finish: (result: OperationResult) => void;
  fail: (error: Error) => void;
} {
  const { promise, resolve, reject } = Promise.withResolvers<OperationResult>();
  return { execute: async () => promise, finish: resolve, fail: reject };
}

describe("an operation of the ledger", () => {
  it("is executed, and one write records its result and the state it leads to", async () => {
    const job = await take();
    expect(await ledger.run(job, HEAD, returning(RESULT))).toEqual(RESULT);
    expect(record()).toMatchObject({
      state: "STREAMING",
      operations: {
        HEAD: { key: job.keyOf(HEAD), status: "DONE", fence: 1, result: RESULT },
      },
    });
    expect(eventsNamed("operation_started")).toHaveLength(1);
    expect(eventsNamed("operation_completed")).toMatchObject([{ op_type: "HEAD", op_key: job.keyOf(HEAD) }]);
  });

  it("costs one write, because its start was recorded with the lease", async () => {
    const job = await take();
    const before = sim.items.history.length;
    await ledger.run(job, HEAD, returning(RESULT));
    expect(sim.items.history.length - before).toBe(1);
  });

  it("reports how long it took", async () => {
    const job = await take();
    const { execute, finish } = paused();
    const running = ledger.run(job, HEAD, execute);
    await sim.clock.advance(1234);
    finish(RESULT);
    await running;
    expect(eventsNamed("operation_completed")).toMatchObject([{ elapsed_ms: 1234 }]);
  });

  it("that has a result is replayed and not executed again, in the same attempt and in a later one", async () => {
    const first = await take();
    await ledger.run(first, HEAD, returning(RESULT));
    const at = record().operations.HEAD?.atMs ?? 0;
    const before = stored();
    expect(await ledger.run(first, HEAD, returning(OTHER_RESULT))).toEqual(RESULT);
    expect(stored()).toEqual(before);
    expect(await ledger.run(await takeOver(), HEAD, returning(OTHER_RESULT))).toEqual(RESULT);
    expect(executions).toBe(1);
    const replay = { op_type: "HEAD", op_key: first.keyOf(HEAD), reused_from_time: new Date(at).toISOString() };
    expect(eventsNamed("idempotency_replay")).toMatchObject([replay, replay]);
    expect(eventsNamed("operation_completed")).toHaveLength(1);
  });

  it("with another context is another operation and is executed", async () => {
    const job = await take();
    await ledger.run(job, HEAD, returning(RESULT));
    const elsewhere = stepOf("https://origin.example/elsewhere");
    expect(await ledger.run(job, elsewhere, returning(OTHER_RESULT))).toEqual(OTHER_RESULT);
    expect(executions).toBe(2);
    expect(record().operations.HEAD).toMatchObject({ key: job.keyOf(elsewhere), result: OTHER_RESULT });
  });

  it("that a dead predecessor started is executed again", async () => {
    const dead = await take();
    void ledger.run(dead, HEAD, paused().execute);
    await settled();
    const job = await takeOver();
    expect(record().operations.HEAD).toMatchObject({ status: "STARTED", fence: 1 });
    expect(await ledger.run(job, HEAD, returning(RESULT))).toEqual(RESULT);
    expect(executions).toBe(1);
    expect(record().operations.HEAD).toMatchObject({ status: "DONE", fence: 2, result: RESULT });
  });

  it("that the reconciler marked ABANDONED is executed again", async () => {
    await take();
    const watchAt = Number(stored()?.["watch_at"]);
    await sim.clock.advance(LEASE_TTL_MS + 1);
    await sim.items.write(recoverJob(record(), watchAt, "reconciler", sim.clock.nowMs(), 0));
    expect(record().operations.HEAD?.status).toBe("ABANDONED");
    expect(await ledger.run(await take(), HEAD, returning(RESULT))).toEqual(RESULT);
    expect(executions).toBe(1);
  });

  it("runs even if its lease has expired: the fence decides, not the clock", async () => {
    const job = await take();
    await sim.clock.advance(2 * LEASE_TTL_MS);
    expect(await ledger.run(job, HEAD, returning(RESULT))).toEqual(RESULT);
  });

  it("that ends the job records its result together with the terminal state", async () => {
    const job = await take();
    await ledger.run(job, HEAD, returning(RESULT));
    const finalized = { ...indexStep("INDEX", "ab"), leadsTo: () => ["FINALIZED", "INDEXED"] as const };
    await ledger.run(job, finalized, returning({ outcome: "INDEXED" }));
    expect(record()).toMatchObject({ state: "INDEXED", operations: { INDEX: { status: "DONE" } } });
  });
});

describe("an operation that may be run again", () => {
  const REPEATABLE = headStep(MESSAGE.url);
  const FINALIZE: Operation = {
    type: "FINALIZE",
    context: {},
    leadsTo: () => ["FINALIZED"],
    isRepeatable: () => false,
  };

  it("is recorded and told of with the next write of its attempt, and replayed until then", async () => {
    const job = await take();
    const before = sim.items.history.length;
    expect(await ledger.run(job, REPEATABLE, returning(RESULT))).toEqual(RESULT);
    expect(await ledger.run(job, REPEATABLE, returning(OTHER_RESULT))).toEqual(RESULT);
    expect([sim.items.history.length - before, eventsNamed("operation_completed").length]).toEqual([0, 0]);
    await ledger.run(job, FINALIZE, returning({ outcome: "created" }));
    expect(record()).toMatchObject({ state: "FINALIZED", operations: { HEAD: { status: "DONE", result: RESULT } } });
    expect(eventsNamed("operation_completed")).toMatchObject([{ op_type: "HEAD" }, { op_type: "FINALIZE" }]);
  });

  it("is executed again by a successor if the attempt dies before its next write", async () => {
    await ledger.run(await take(), REPEATABLE, returning(RESULT));
    expect(await ledger.run(await takeOver(), REPEATABLE, returning(OTHER_RESULT))).toEqual(OTHER_RESULT);
    expect(executions).toBe(2);
  });
});

describe("an operation of the ledger that throws", () => {
  const ERRORS = [
    new RetryableError("origin_timeout"),
    new PermanentError("gone", "origin"),
    new LeaseLostError(),
    new Error("not one of ours"),
    new TypeError("a fault of ours"),
  ];

  it.each(ERRORS)("throws the same error object to its caller: %s", async (error) => {
    expect(await thrownBy(ledger.run(await take(), HEAD, throwing(error)))).toBe(error);
  });

  it("leaves no result, is removed when the lease is released, and is executed by the next attempt", async () => {
    const job = await take();
    await thrownBy(ledger.run(job, HEAD, throwing(new RetryableError("origin_timeout"))));
    expect(job.recorded(HEAD)).toBeUndefined();
    expect(record().operations.HEAD).toMatchObject({ status: "STARTED" });
    const wait = { notBeforeMs: sim.clock.nowMs(), isParked: false, isCharged: true };
    await job.releaseForRetry({ reason: "origin_timeout", failureClass: "origin" }, wait);
    expect(record().operations).toEqual({});
    await sim.clock.advance(1);
    expect(await ledger.run(await take(), HEAD, returning(RESULT))).toEqual(RESULT);
    expect(executions).toBe(2);
    expect(eventsNamed("idempotency_replay")).toEqual([]);
  });

  it("can be run again under the same lease", async () => {
    const job = await take();
    await thrownBy(ledger.run(job, HEAD, throwing(new RetryableError("origin_timeout"))));
    expect(await ledger.run(job, HEAD, returning(RESULT))).toEqual(RESULT);
    expect(record().operations.HEAD).toMatchObject({ status: "DONE", result: RESULT });
  });
});

async function zombieAndSuccessor() {
  const zombie = await take();
  const { execute, finish, fail } = paused();
  const late = thrownBy(ledger.run(zombie, HEAD, execute));
  await settled();
  const successor = await takeOver();
  return { late, finish, fail, successor };
}

describe("a worker that lost its lease while an operation ran", () => {
  it("cannot overwrite its successor's result", async () => {
    const { late, finish, successor } = await zombieAndSuccessor();
    await ledger.run(successor, HEAD, returning(RESULT));
    const before = stored();
    finish(OTHER_RESULT);
    expect(asJobError(await late)).toBeInstanceOf(LeaseLostError);
    expect(stored()).toEqual(before);
    expect(await ledger.run(successor, HEAD, returning(OTHER_RESULT))).toEqual(RESULT);
  });

  it("cannot delete its successor's result by failing", async () => {
    const { late, fail, successor } = await zombieAndSuccessor();
    await ledger.run(successor, HEAD, returning(RESULT));
    const before = stored();
    const failure = new RetryableError("origin_timeout");
    fail(failure);
    expect(await late).toBe(failure);
    expect(stored()).toEqual(before);
  });

  it("cannot complete an operation that its successor has not completed yet", async () => {
    const { late, finish, successor } = await zombieAndSuccessor();
    const before = stored();
    finish(OTHER_RESULT);
    expect(asJobError(await late)).toBeInstanceOf(LeaseLostError);
    expect(stored()).toEqual(before);
    expect(await ledger.run(successor, HEAD, returning(RESULT))).toEqual(RESULT);
    expect(record().operations.HEAD?.result).toEqual(RESULT);
  });

  it("learns of the loss when its next operation is recorded, and executes none after it", async () => {
    const zombie = await take();
    await ledger.run(zombie, HEAD, returning(RESULT));
    await takeOver();
    const before = stored();
    const next = stepOf("https://origin.example/next");
    expect(asJobError(await thrownBy(ledger.run(zombie, next, returning(OTHER_RESULT))))).toBeInstanceOf(
      LeaseLostError,
    );
    expect(zombie.lost.reason).toBeInstanceOf(LeaseLostError);
    expect(asJobError(await thrownBy(ledger.run(zombie, next, returning(OTHER_RESULT))))).toBeInstanceOf(
      LeaseLostError,
    );
    expect(executions).toBe(2);
    expect(stored()).toEqual(before);
  });

  it("emits no operation_completed", async () => {
    const { late, finish } = await zombieAndSuccessor();
    finish(OTHER_RESULT);
    await late;
    expect(eventsNamed("operation_completed")).toEqual([]);
  });
});

describe("a failure of the ledger itself", () => {
  it("before an operation prevents its execution, and is the cause of the error thrown", async () => {
    const outage = new Error("the table is throttled");
    const job = await take();
    const journal = { ...journalOf(job), begin: async () => Promise.reject(outage) };
    const error = await thrownBy(ledger.run(journal, HEAD, returning(RESULT)));
    expect(error).toMatchObject({ cause: outage });
    expect(asJobError(error)).toMatchObject({ failureClass: "system" });
    expect(executions).toBe(0);
  });

  it("after an operation is the error that the caller sees, and the operation is executed again", async () => {
    const outage = new RetryableError("table_throttled", { failureClass: "system" });
    const job = await take();
    const journal = { ...journalOf(job), complete: async () => Promise.reject(outage) };
    expect(asJobError(await thrownBy(ledger.run(journal, HEAD, returning(RESULT))))).toBe(outage);
    expect(await ledger.run(job, HEAD, returning(RESULT))).toEqual(RESULT);
    expect(executions).toBe(2);
  });
});

/** The methods of a job, so that one of them can be replaced. */
const journalOf = (job: LeasedJob) => ({
  leaseLeftMs: () => job.leaseLeftMs(),
  keyOf: job.keyOf.bind(job),
  recorded: job.recorded.bind(job),
  begin: job.begin.bind(job),
  complete: job.complete.bind(job),
  forget: job.forget.bind(job),
  replayed: job.replayed.bind(job),
});

describe("the ledger", () => {
  it.each(["true", "1", "yes"])("cannot be created if POWERTOOLS_IDEMPOTENCY_DISABLED is %s", (value) => {
    vi.stubEnv("POWERTOOLS_IDEMPOTENCY_DISABLED", value);
    expect(() => powertoolsLedger(sim.clock)).toThrow(
      /POWERTOOLS_IDEMPOTENCY_DISABLED is set: .* Remove it; DOCSTOKG_ENABLE_IDEMPOTENCY is the gate/,
    );
  });

  it("can be created if POWERTOOLS_IDEMPOTENCY_DISABLED is false", () => {
    vi.stubEnv("POWERTOOLS_IDEMPOTENCY_DISABLED", "false");
    expect(() => powertoolsLedger(sim.clock)).not.toThrow();
  });
});
