/** The controller and operators, killed anywhere and several at once. */
import { describe, expect, it } from "vitest";
import { changeGateBy, GateBusyError } from "../../../../core/gate/change-gate.ts";
import { commandGate } from "../../../../core/gate/command-gate.ts";
import { controlGateRollout, type GateRolloutDeps } from "../../../../core/gate/control-gate-rollout.ts";
import { GATE_KEY } from "../../../../core/gate/gate-document.ts";
import type { Items } from "../../../../core/ports/items.ts";
import { settled } from "../../../simulation/world.ts";
import { BAKE_MS, MINUTE_MS, OPERATOR, rollout, startedRollout } from "./gate-rollout-support.ts";

describe("the crash between any two lines", () => {
  /** Dies at its nth call of the table or the alarms, before or after its effect: it never hears an answer. */
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
    { what: "a step", state: "OK", bakedMs: BAKE_MS - MINUTE_MS, ends: "baking 25" },
    { what: "a retreat", state: "ALARM", bakedMs: 7 * MINUTE_MS, ends: "rolled_back 0" },
  ] as const)("of $what: the next poll does what is left, once", async ({ state, bakedMs, ends }) => {
    let struck = 0;
    for (let nth = 1; nth <= 4; nth++) {
      for (const isAfter of [false, true]) {
        const r = await startedRollout();
        await r.pollFor(bakedMs);
        r.alarmIs(state);
        await r.clock.advance(MINUTE_MS);
        const dead = dying(r.deps, nth, isAfter);
        void controlGateRollout(dead.deps);
        await settled();
        if (dead.calls() >= nth) struck += 1;
        await r.poll();
        expect([nth, isAfter, await r.status()]).toEqual([nth, isAfter, ends]);
        expect((await r.gate())?.history).toHaveLength(3);
      }
    }
    expect(struck).toBe(8);
  });
});

describe("several at once", () => {
  it("two controllers make one change", async () => {
    const r = await startedRollout();
    await r.pollFor(BAKE_MS - MINUTE_MS);
    await r.clock.advance(MINUTE_MS);
    await Promise.all([r.poll(), r.poll(), r.poll()]);
    expect([await r.status(), (await r.gate())?.version]).toEqual(["baking 25", 3]);
  });

  /** Somebody else's write falls between the look and the write of the one under test. */
  const between = (deps: GateRolloutDeps, times: number, other: () => Promise<unknown>): GateRolloutDeps => {
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

  it("a retreat that loses against a pause happens all the same", async () => {
    const r = await startedRollout();
    r.alarmIs("ALARM");
    await controlGateRollout(between(r.deps, 1, async () => r.command("pause")));
    expect(await r.status()).toBe("rolled_back 0");
  });

  it("a step that loses against off does not turn the gate on again", async () => {
    const r = await startedRollout();
    await r.pollFor(BAKE_MS - MINUTE_MS);
    await r.clock.advance(MINUTE_MS);
    await controlGateRollout(between(r.deps, 1, async () => r.command("off")));
    expect(await r.status()).toBe("off 0");
  });

  it("a note that loses is forgotten", async () => {
    const r = rollout();
    await r.command("off");
    await r.command("start");
    await controlGateRollout(between(r.deps, 1, async () => r.command("pause")));
    expect(await r.gate()).not.toHaveProperty("bakedFromMs");
  });

  it("a command that loses is tried again, and is told when it never wins", async () => {
    const r = await startedRollout();
    const off = async (times: number) =>
      commandGate(
        between(r.deps, times, async () => commandGate(r.deps, { kind: "set", percent: 50 }, OPERATOR)),
        { kind: "off" },
        OPERATOR,
      );
    await off(9);
    expect(await r.status()).toBe("off 0");
    await expect(off(10)).rejects.toThrow(GateBusyError);
  });

  it("a write that was sent again after its answer was lost is known for one's own", async () => {
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

it("the document remembers the last 50 changes, and stays below the size of a few read units", async () => {
  const r = rollout();
  for (let change = 1; change <= 70; change++)
    await commandGate(r.deps, { kind: "set", percent: change }, { by: "b".repeat(64), reason: "r".repeat(100) });
  const { history, version } = (await r.gate()) ?? { history: [], version: 0 };
  expect([version, history.length, history[0]?.version, history.at(-1)?.version]).toEqual([70, 50, 21, 70]);
  expect(JSON.stringify(r.items.all.get(GATE_KEY)).length).toBeLessThan(16_384);
});

it("a damaged document is told by what is wrong with it", async () => {
  const r = rollout();
  await r.items.write({ key: GATE_KEY, when: [[]], set: { percent: "5" } });
  await expect(r.command("off")).rejects.toThrow(/item GATE is damaged \(version: .*percent: .*npm run gate -- off/);
});
