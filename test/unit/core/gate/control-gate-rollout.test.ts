/** The rollout controller on a simulated table and simulated alarms, and what workers see of its changes. */
import { describe, expect, it } from "vitest";
import { commandGate } from "../../../../core/gate/command-gate.ts";
import { CONTROLLER, controlGateRollout } from "../../../../core/gate/control-gate-rollout.ts";
import { DOCUMENT_FRESH_MS } from "../../../../core/document/document-reader.ts";
import { GateReader } from "../../../../core/gate/gate-reader.ts";
import { ROLLOUT_STEPS } from "../../../../core/gate/gate-rollout.ts";
import { simulatedClock } from "../../../simulation/world.ts";
import { ALARM, BAKE_MS, BLIND_MS, MINUTE_MS, OPERATOR, rollout, startedRollout } from "./gate-rollout-support.ts";

describe("a rollout without alarms", () => {
  it("bakes each step and is complete after the last; a later alarm does not change a complete rollout", async () => {
    const r = await startedRollout();
    const seen: (string | undefined)[] = [await r.status()];
    for (let hour = 0; hour < 5; hour++) {
      await r.pollFor(BAKE_MS);
      seen.push(await r.status());
      await r.poll();
    }
    expect(seen).toEqual(["baking 5", "baking 25", "baking 50", "baking 100", "complete 100", "complete 100"]);
    r.alarmIs("ALARM");
    await r.poll();
    expect(await r.status()).toBe("complete 100");
  });

  it("logs each change in one line, and records who made it", async () => {
    const r = await startedRollout();
    await r.pollFor(BAKE_MS);
    expect(r.logs).toEqual([expect.stringMatching(/^info: The gate was changed.*"from":5,"to":25,"phase":"baking"/)]);
    expect((await r.gate())?.history).toMatchObject([
      { version: 1, by: "somebody", from: undefined, to: 0, phase: "off", reason: "a test" },
      { version: 2, by: "somebody", from: 0, to: 5, phase: "baking" },
      { version: 3, by: CONTROLLER, from: 5, to: 25, phase: "baking", reason: "5 % baked" },
    ]);
  });

  it("takes only one step after the controller was down for days, and bakes that step in full", async () => {
    const r = await startedRollout();
    await r.clock.advance(48 * BAKE_MS);
    await r.poll();
    expect(await r.status()).toBe("baking 25");
    await r.poll();
    expect(await r.status()).toBe("baking 25");
  });

  it("measures the bake by the controller's clock only: an operator's slow clock does not shorten it", async () => {
    const r = rollout();
    const behind = simulatedClock(r.clock.nowMs() - 10 * BAKE_MS);
    await commandGate({ clock: behind, items: r.items }, { kind: "off" }, OPERATOR);
    await commandGate({ clock: behind, items: r.items }, { kind: "start" }, OPERATOR);
    await r.poll();
    await r.pollFor(BAKE_MS - MINUTE_MS);
    expect(await r.status()).toBe("baking 5");
    await r.pollFor(MINUTE_MS);
    expect(await r.status()).toBe("baking 25");
  });
});

/** Every minute of a whole rollout, so that both the middle of a step and the change between two steps are covered. */
const MINUTES = Array.from({ length: (ROLLOUT_STEPS.length * BAKE_MS) / MINUTE_MS }, (_, minute) => minute);

describe("an alarm during a rollout", () => {
  it("rolls back within one poll, in whichever minute of the rollout it goes into ALARM", async () => {
    const reached = new Set<number>();
    for (const minute of MINUTES) {
      const r = await startedRollout();
      await r.pollFor(minute * MINUTE_MS);
      reached.add((await r.gate())?.percent ?? -1);
      r.alarmIs("ALARM");
      await r.clock.advance(MINUTE_MS);
      await r.poll();
      expect([minute, await r.status()]).toEqual([minute, "rolled_back 0"]);
    }
    expect([...reached]).toEqual(ROLLOUT_STEPS);
  });

  it("that went into ALARM and back between two polls rolls back through its event", async () => {
    const r = await startedRollout();
    await r.pollFor(BAKE_MS);
    await controlGateRollout(r.deps, ALARM);
    expect(await r.status()).toBe("rolled_back 0");
    expect(r.logs.at(-1)).toMatch(new RegExp(`^error: .*"by":"${CONTROLLER}","reason":"${ALARM} is in ALARM"`));
  });

  it("that went into ALARM and back, and whose event was lost, restarts the bake of the step", async () => {
    const r = await startedRollout();
    await r.pollFor(BAKE_MS / 2);
    r.alarmIs("ALARM");
    r.alarmIs("OK");
    await r.pollFor(BAKE_MS - MINUTE_MS);
    expect(await r.status()).toBe("baking 5");
    await r.pollFor(MINUTE_MS);
    expect(await r.status()).toBe("baking 25");
  });

  it("has no effect without a gate document or in the phase off, where alarms are not even read", async () => {
    const r = rollout();
    expect(await controlGateRollout(r.deps, ALARM)).toBeUndefined();
    await r.command("off");
    await controlGateRollout(r.deps, ALARM);
    await r.poll();
    expect([await r.status(), r.logs, r.looks()]).toEqual(["off 0", [], 0]);
  });

  it("rolls back a paused rollout, also one that was paused and resumed before", async () => {
    const r = await startedRollout();
    await r.command("pause");
    await r.pollFor(3 * BAKE_MS);
    expect(await r.status()).toBe("paused 5");
    await r.command("resume");
    await r.poll();
    await r.pollFor(BAKE_MS);
    await r.command("pause");
    r.alarmIs("ALARM");
    await r.poll();
    expect(await r.status()).toBe("rolled_back 0");
  });
});

describe("rollout alarms without a verdict", () => {
  it("that have too little data hold the step for as long as that lasts, and log it", async () => {
    const r = await startedRollout();
    r.alarmIs("INSUFFICIENT_DATA");
    await r.pollFor(10 * BAKE_MS);
    expect([await r.status(), r.logs.at(-1)]).toEqual(["baking 5", expect.stringContaining("warn: The rollout holds")]);
  });

  it("that cannot be read hold the step for 15 minutes, and then roll back", async () => {
    const r = await startedRollout();
    r.alarmsAreReadable(false);
    await r.poll();
    await r.pollFor(BLIND_MS - MINUTE_MS);
    expect([await r.status(), r.logs.at(-1)]).toEqual(["baking 5", expect.stringContaining("AccessDenied")]);
    await r.pollFor(MINUTE_MS);
    expect(await r.status()).toBe("rolled_back 0");
  });

  it("that still cannot be read give a restarted rollout 15 minutes again", async () => {
    const r = await startedRollout();
    r.alarmsAreReadable(false);
    await r.pollFor(2 * BLIND_MS);
    await r.command("start");
    await r.pollFor(BLIND_MS);
    expect(await r.status()).toBe("baking 5");
    await r.pollFor(MINUTE_MS);
    expect(await r.status()).toBe("rolled_back 0");
  });

  it("that cannot be read three times for less than 15 minutes each do not roll back", async () => {
    const r = await startedRollout();
    for (let time = 0; time < 3; time++) {
      r.alarmsAreReadable(false);
      await r.pollFor(BLIND_MS - MINUTE_MS);
      r.alarmsAreReadable(true);
      await r.poll();
    }
    expect(await r.status()).toBe("baking 5");
  });
});

describe("workers during a rollout", () => {
  /** 400 job ids, spread evenly over the range of the gate's hash. */
  const IDS = Array.from({ length: 400 }, (_, index) =>
    Math.floor(((index + 0.5) / 400) * 2 ** 32)
      .toString(16)
      .padStart(32, "0"),
  );

  it("see every step and the rollback within 15 s of its write, and a job once admitted stays admitted", async () => {
    const r = await startedRollout();
    const readers = Array.from({ length: 5 }, () => new GateReader({ ...r.deps }));
    const admitted = async (): Promise<readonly ReadonlySet<string>[]> =>
      Promise.all(
        readers.map(async (reader) => {
          const verdicts = await Promise.all(IDS.map(async (id) => reader.admits(id)));
          return new Set(IDS.filter((_, index) => verdicts[index]));
        }),
      );
    let before = new Set<string>();
    for (const percent of ROLLOUT_STEPS) {
      await r.clock.advance(DOCUMENT_FRESH_MS);
      const shares = await admitted();
      for (const share of shares) {
        expect(share.size).toBe((percent / 100) * IDS.length);
        expect([...before].every((id) => share.has(id))).toBe(true);
      }
      before = new Set(shares[0]);
      if (percent < 100) {
        await r.pollFor(BAKE_MS);
        await r.poll();
      }
    }
    r.alarmIs("ALARM");
    await r.poll();
    await r.clock.advance(DOCUMENT_FRESH_MS);
    expect((await admitted()).map(({ size }) => size)).toEqual([0, 0, 0, 0, 0]);
  });
});
