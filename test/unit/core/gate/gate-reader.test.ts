import { describe, expect, it } from "vitest";
import { commandGate } from "../../../../core/gate/command-gate.ts";
import { GATE_KEY } from "../../../../core/gate/gate-document.ts";
import {
  DOCUMENT_FRESH_MS,
  DOCUMENT_READ_PAUSE_MS,
  DOCUMENT_READ_TIMEOUT_MS,
  DOCUMENT_TRUSTED_MS,
} from "../../../../core/document/document-reader.ts";
import { GateReader } from "../../../../core/gate/gate-reader.ts";
import type { Item } from "../../../../core/model/write.ts";
import { settled, simulatedClock, type SimulatedClock } from "../../../simulation/world.ts";
import { simulatedItems } from "../../../simulation/services/items.ts";

/** The job id that every percentage above 0 admits. */
const FIRST = "0".repeat(32);
/** The job id that only 100 % admits. */
const LAST = "f".repeat(32);
const OPERATOR = { by: "somebody", reason: "a test" };

type Read = (key: string) => Promise<Item | undefined>;

/** Workers with a reader each and, on request, clocks of their own, over one table whose reads can be made to fail. */
function workers(count: number, clocks: readonly SimulatedClock[] = [simulatedClock()]) {
  const items = simulatedItems();
  const logs: string[] = [];
  let reads = 0;
  const readTable: Read = async (key) => items.read(key);
  let read = readTable;
  const clockOf = (worker: number) => clocks[worker % clocks.length] ?? simulatedClock();
  const readers = Array.from(
    { length: count },
    (_, worker) =>
      new GateReader({
        clock: clockOf(worker),
        items: {
          ...items,
          read: async (key) => {
            reads += 1;
            return read(key);
          },
        },
        telemetry: {
          emit: () => undefined,
          flush: () => undefined,
          invocationStarted: () => undefined,
          log: (_level, text) => void logs.push(text),
        },
      }),
  );
  const [first = new GateReader({} as never)] = readers;
  return {
    items,
    logs,
    readers,
    reader: first,
    clock: clockOf(0),
    reads: () => reads,
    failReads: (how: Read = async () => Promise.reject(new Error("throttled"))) => (read = how),
    mendReads: () => (read = readTable),
    command: async (percent: number) =>
      commandGate({ clock: clockOf(0), items }, percent === 0 ? { kind: "off" } : { kind: "set", percent }, OPERATOR),
  };
}

const verdictOf = async (reader: GateReader, jobId = FIRST): Promise<string> =>
  reader.admits(jobId).then(
    (isIn) => (isIn ? "in" : "out"),
    (error: Error) => error.name,
  );

describe("a gate reader", () => {
  it("admits every job if there is no gate document", async () => {
    const { reader } = workers(1);
    expect([await verdictOf(reader), await verdictOf(reader, LAST)]).toEqual(["in", "in"]);
  });

  it.each([
    [0, "out", "out"],
    [5, "in", "out"],
    [99.9, "in", "out"],
    [100, "in", "in"],
  ])("with the document at %d percent: the first job id is %s, the last is %s", async (percent, first, last) => {
    const { command, reader } = workers(1);
    await command(percent);
    expect([await verdictOf(reader), await verdictOf(reader, LAST)]).toEqual([first, last]);
  });

  it("reads the table once for all concurrent jobs, and once per 15 s", async () => {
    const { clock, reader, reads } = workers(1);
    await Promise.all(Array.from({ length: 10 }, async () => reader.admits(FIRST)));
    await clock.advance(DOCUMENT_FRESH_MS - 1);
    await reader.admits(FIRST);
    expect(reads()).toBe(1);
    await clock.advance(1);
    await Promise.all(Array.from({ length: 10 }, async () => reader.admits(FIRST)));
    expect(reads()).toBe(2);
  });

  it("measures an answer's age from its request, not from its arrival", async () => {
    const { clock, command, failReads, items, mendReads, reader } = workers(1);
    failReads(async (key) => {
      const seen = await items.read(key);
      await new Promise<void>((resolve) => void clock.after(4000, resolve));
      return seen;
    });
    const first = verdictOf(reader);
    await settled();
    mendReads();
    await command(0);
    await clock.advance(4000);
    expect(await first).toBe("in");
    await clock.advance(DOCUMENT_FRESH_MS - 4000);
    expect(await verdictOf(reader)).toBe("out");
  });

  it("keeps its last answer for 30 s after its request if reads fail, and then throws GateUnknownError", async () => {
    const { clock, failReads, logs, mendReads, reader } = workers(1);
    expect(await verdictOf(reader)).toBe("in");
    failReads();
    await clock.advance(DOCUMENT_TRUSTED_MS - 1);
    expect(await verdictOf(reader)).toBe("in");
    await clock.advance(1);
    expect(await verdictOf(reader)).toBe("GateUnknownError");
    expect(logs.join()).toContain("The gate document cannot be read");
    mendReads();
    await clock.advance(DOCUMENT_READ_PAUSE_MS);
    expect(await verdictOf(reader)).toBe("in");
  });

  it("keeps refusing a job that its last answer refuses, however long the table cannot be read", async () => {
    const { clock, command, failReads, reader } = workers(1);
    await command(5);
    expect(await verdictOf(reader, LAST)).toBe("out");
    failReads();
    await clock.advance(86_400_000);
    expect([await verdictOf(reader, LAST), await verdictOf(reader)]).toEqual(["out", "GateUnknownError"]);
  });

  it("retries a failed read after one second, not for every job", async () => {
    const { clock, failReads, reader, reads } = workers(1);
    failReads();
    for (let job = 0; job < 5; job++) expect(await verdictOf(reader)).toBe("GateUnknownError");
    expect(reads()).toBe(1);
    await clock.advance(DOCUMENT_READ_PAUSE_MS);
    await verdictOf(reader);
    expect(reads()).toBe(2);
  });

  it.each([
    ["a read without an answer", async () => new Promise<never>(() => undefined)],
    ["a document with an invalid percentage", async () => ({ pk: GATE_KEY, percent: "half" })],
  ])("treats %s as a failed read", async (_what, how) => {
    const { clock, failReads, reader } = workers(1);
    failReads(how);
    const asked = verdictOf(reader);
    await clock.advance(DOCUMENT_READ_TIMEOUT_MS);
    expect(await asked).toBe("GateUnknownError");
  });

  it("understands a document written by a later version if it has a percentage", async () => {
    const { failReads, reader } = workers(1);
    failReads(async () => ({ pk: GATE_KEY, percent: 5, phase: "of the future" }));
    expect([await verdictOf(reader), await verdictOf(reader, LAST)]).toEqual(["in", "out"]);
  });

  it("does not trust its last answer after its clock was set back, and reads again", async () => {
    let nowMs = 1_000_000;
    const items = simulatedItems();
    const clock = { nowMs: () => nowMs, every: () => () => undefined, after: () => () => undefined };
    const telemetry = {
      emit: () => undefined,
      flush: () => undefined,
      invocationStarted: () => undefined,
      log: () => undefined,
    };
    const reader = new GateReader({ clock, items, telemetry });
    expect(await verdictOf(reader)).toBe("in");
    await commandGate({ clock, items }, { kind: "off" }, OPERATOR);
    nowMs -= 500_000;
    expect(await verdictOf(reader)).toBe("out");
  });
});

describe("the command `off`", () => {
  /** Each worker begins jobs in a period of its own: 7 s, 11 s, 13 s, 3 s, 1.7 s, 0.5 s. */
  it.each([
    ["15 s with a table that answers at once", 15_000, 0],
    ["19 s with a table that takes four seconds", 15_000 + 4000, 4000],
  ])("stops all admissions within %s", async (_bound, boundMs, slowMs) => {
    const clock = simulatedClock();
    const { command, failReads, items, readers } = workers(6, [clock]);
    failReads(async (key) => {
      const seen = await items.read(key);
      if (slowMs > 0) await new Promise<void>((resolve) => void clock.after(slowMs, resolve));
      return seen;
    });
    const admittedMs: number[] = [];
    for (const [worker, reader] of readers.entries()) {
      clock.every([7000, 11_000, 13_000, 3000, 1700, 500][worker] ?? 1000, () => {
        void reader.admits(FIRST).then((isIn) => isIn && admittedMs.push(clock.nowMs()));
      });
    }
    await clock.advance(60_000);
    const offMs = clock.nowMs();
    await command(0);
    await clock.advance(120_000);
    expect(admittedMs.length).toBeGreaterThan(100);
    const latestMs = Math.max(...admittedMs) - offMs;
    expect(latestMs).toBeLessThanOrEqual(boundMs);
    // Some workers did use an old answer; otherwise the bound above proves nothing.
    expect(latestMs).toBeGreaterThan(5000);
  });

  it("stops all admissions within 30 s, whichever reads fail, time out or arrive late", async () => {
    const clock = simulatedClock();
    const { command, failReads, items, readers } = workers(8, [clock]);
    let call = 0;
    let isDown = false;
    failReads(async (key) => {
      const kind = (call++ * 7) % 5;
      if (isDown || kind === 0) throw new Error("throttled");
      if (kind === 1) return new Promise(() => undefined);
      const seen = await items.read(key);
      await new Promise<void>((resolve) => void clock.after(kind * 1000, resolve));
      return seen;
    });
    const admittedMs: number[] = [];
    for (const [worker, reader] of readers.entries()) {
      clock.every(900 + 370 * worker, () => {
        void reader.admits(FIRST).then(
          (isIn) => isIn && admittedMs.push(clock.nowMs()),
          () => undefined,
        );
      });
    }
    for (let round = 0; round < 20; round++) {
      await command(100);
      await clock.advance(61_000);
      admittedMs.length = 0;
      const offMs = clock.nowMs();
      await command(0);
      isDown = round % 2 === 0;
      await clock.advance(90_000);
      isDown = false;
      expect(Math.max(offMs, ...admittedMs) - offMs).toBeLessThanOrEqual(DOCUMENT_TRUSTED_MS);
    }
  });
});
