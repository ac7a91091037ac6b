/** The rollout controller and operators when they crash at any call, and when several run at once. */
import { describe, expect, it } from "vitest";
import { DocumentBusyError } from "../../../../core/document/change-document.ts";
import { changeGateBy } from "../../../../core/gate/change-gate.ts";
import { commandGate } from "../../../../core/gate/command-gate.ts";
import { controlGateRollout, type GateRolloutDeps } from "../../../../core/gate/control-gate-rollout.ts";
import { GATE_KEY } from "../../../../core/gate/gate-document.ts";
import type { Items } from "../../../../core/ports/items.ts";
import { settled } from "../../../simulation/world.ts";
import { BAKE_MS, MINUTE_MS, OPERATOR, rollout, startedRollout } from "./gate-rollout-support.ts";

describe("a rollout controller that crashes at any call", () => {
  /** A controller that dies at its nth call of the table or the alarms, before or after the call's effect. */
  function dying(deps: GateRolloutDeps, nth: number, isAfter: boolean): { deps: GateRolloutDeps; calls: () => number } {
    let calls = 0;
    const call = async <T>(run: () => Promise<T>): Promise<T> => {
      calls += 1;
      if (calls < nth) return run();
      if (calls === nth && isAfter) await run();
      return new Promise<never>(() => undefined);
    };
    const items: Items = {
      ...deps.items,
      read: async (key) => call(async () => deps.items.read(key)),
      write: async (write) => call(async () => deps.items.write(write)),
    };
    const alarms = { states: async () => call(async () => deps.alarms.states()) };
    return { deps: { ...deps, items, alarms }, calls: () => calls };
  }

  it.each([
    { what: "a step to 25 %", state: "OK", bakedMs: BAKE_MS - MINUTE_MS, ends: "baking 25" },
    { what: "a rollback", state: "ALARM", bakedMs: 7 * MINUTE_MS, ends: "rolled_back 0" },
  ] as const)("during $what: the next poll completes it exactly once", async ({ state, bakedMs, ends }) => {
    let crashes = 0;
    for (let nth = 1; nth <= 4; nth++) {
      for (const isAfter of [false, true]) {
        const r = await startedRollout();
        await r.pollFor(bakedMs);
        r.alarmIs(state);
        await r.clock.advance(MINUTE_MS);
        const dead = dying(r.deps, nth, isAfter);
        void controlGateRollout(dead.deps);
        await settled();
        if (dead.calls() >= nth) crashes += 1;
        await r.poll();
        expect([nth, isAfter, await r.status()]).toEqual([nth, isAfter, ends]);
        expect((await r.gate())?.history).toHaveLength(3);
      }
    }
    expect(crashes).toBe(8);
  });
});

describe("concurrent changes of the gate", () => {
  it("three controllers that run at once make one change", async () => {
    const r = await startedRollout();
    await r.pollFor(BAKE_MS - MINUTE_MS);
    await r.clock.advance(MINUTE_MS);
    await Promise.all([r.poll(), r.poll(), r.poll()]);
    expect([await r.status(), (await r.gate())?.version]).toEqual(["baking 25", 3]);
  });

  /** Runs `other` between the read and the write of the caller under test, for its first `times` writes. */
  const interruptedBy = (deps: GateRolloutDeps, times: number, other: () => Promise<unknown>): GateRolloutDeps => {
    let left = times;
    return {
      ...deps,
      items: {
        ...deps.items,
        write: async (write) => {
          if (left-- > 0) await other();
          return deps.items.write(write);
        },
      },
    };
  };

  it("a rollback that loses a race against a pause is repeated and succeeds", async () => {
    const r = await startedRollout();
    r.alarmIs("ALARM");
    await controlGateRollout(interruptedBy(r.deps, 1, async () => r.command("pause")));
    expect(await r.status()).toBe("rolled_back 0");
  });

  it("a step that loses a race against `off` does not turn the gate on again", async () => {
    const r = await startedRollout();
    await r.pollFor(BAKE_MS - MINUTE_MS);
    await r.clock.advance(MINUTE_MS);
    await controlGateRollout(interruptedBy(r.deps, 1, async () => r.command("off")));
    expect(await r.status()).toBe("off 0");
  });

  it("the controller's bake start time is not recorded if another write came first", async () => {
    const r = rollout();
    await r.command("off");
    await r.command("start");
    await controlGateRollout(interruptedBy(r.deps, 1, async () => r.command("pause")));
    expect(await r.gate()).not.toHaveProperty("bakedFromMs");
  });

  it("a command that loses races is retried, and fails with DocumentBusyError after its tenth loss", async () => {
    const r = await startedRollout();
    const off = async (times: number) =>
      commandGate(
        interruptedBy(r.deps, times, async () => commandGate(r.deps, { kind: "set", percent: 50 }, OPERATOR)),
        { kind: "off" },
        OPERATOR,
      );
    await off(9);
    expect(await r.status()).toBe("off 0");
    await expect(off(10)).rejects.toThrow(DocumentBusyError);
  });

  it("a write that the SDK sent twice because its answer was lost is recognized as our own", async () => {
    const r = await startedRollout();
    const repeating: Items = {
      ...r.items,
      write: async (write) => {
        await r.items.write(write);
        return r.items.write(write);
      },
    };
    const { change } = await changeGateBy({ clock: r.clock, items: repeating }, "me", () => ({
      percent: 1,
      phase: "set",
      retreatTo: 1,
      reason: "once",
    }));
    expect([change?.version, (await r.gate())?.history.at(-1)?.by]).toEqual([3, "me"]);
  });
});

it("the gate document keeps the last 50 changes, and stays below 16 KiB (four read units)", async () => {
  const r = rollout();
  for (let change = 1; change <= 70; change++)
    await commandGate(r.deps, { kind: "set", percent: change }, { by: "b".repeat(64), reason: "r".repeat(100) });
  const { history, version } = (await r.gate()) ?? { history: [], version: 0 };
  expect([version, history.length, history[0]?.version, history.at(-1)?.version]).toEqual([70, 50, 21, 70]);
  expect(JSON.stringify(r.items.all.get(GATE_KEY)).length).toBeLessThan(16_384);
});

it("a damaged gate document is an error that names each bad field and the command to repair it", async () => {
  const r = rollout();
  await r.items.write({ key: GATE_KEY, when: [[]], set: { percent: "5" } });
  await expect(r.command("off")).rejects.toThrow(/item GATE is damaged \(version: .*percent: .*npm run gate -- off/);
});
