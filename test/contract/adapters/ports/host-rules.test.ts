/** The operators' rules of hosts, on every available table. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commandHostRule, readHostRules } from "../../../../core/flow/command-host-rules.ts";
import { HOST_RULES, type Limits } from "../../../../core/flow/host-rules-document.ts";
import { HOST_RULES_KEY, hostRulesOf } from "../../../../core/flow/host-rules-found.ts";
import { simulatedClock } from "../../../simulation/world.ts";
import type { ItemsBackend } from "./backends.ts";
import { itemsBackends } from "./items-backends.ts";

describe.each(Object.entries(itemsBackends))("rules of hosts on %s", (_name, start) => {
  let backend: ItemsBackend;
  const clock = simulatedClock();
  beforeAll(async () => {
    backend = await start();
  });
  afterAll(async () => backend[Symbol.asyncDispose]());
  const set = async (pattern: string, limits: Limits | undefined) =>
    commandHostRule({ clock, items: backend.items }, { pattern, limits, reason: "a test" }, "ada");

  it("are read as they were written, by operators and by workers, and a write with an older version is refused", async () => {
    const first = await set("*.example", { connections: 4, perSecond: 0.5 });
    await set("a.example", "unlimited");
    await set("a.example", undefined);
    const last = await set("b.example", {});
    const { items } = backend;
    expect(await readHostRules(items)).toEqual(last);
    expect(last?.history.map(({ from, to }) => [from, to])).toEqual([
      [undefined, { connections: 4, perSecond: 0.5 }],
      [undefined, "unlimited"],
      ["unlimited", undefined],
      [undefined, {}],
    ]);
    const rules = [
      ["*.example", { connections: 4, perSecond: 0.5 }],
      ["b.example", {}],
    ];
    const found = await items.read(HOST_RULES_KEY);
    expect(hostRulesOf(found ?? {})).toEqual({ rules, problem: undefined });
    const planned = { pattern: "*", limits: "unlimited", reason: "late" } as const;
    const change = HOST_RULES.change(first, planned, "bob", clock.nowMs());
    const { applied, item } = await items.write(HOST_RULES.write(first, planned, change));
    expect([applied, item]).toEqual([false, found]);
  });
});
